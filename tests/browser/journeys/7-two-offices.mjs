// The whole way between two offices: Anna finds a group of the northern office on the page of the southern one, asks, picks a time, is
// interviewed in the chat, admitted, accepts the rules and posts her first topic. Ben has his account at the southern office; he
// came in by knocking, and answers her from a Matrix app. Vera decides at the desk.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Account } from '../support/account.mjs';
import { TwoOffices } from '../support/two_offices.mjs';

import { SIZES } from './5-open-pages.mjs';

export const chained = true;

const PASSWORD = 'fünf stille grüne Hügel';
const WITHOUT_SCRIPT = { javaScriptEnabled: false, reducedMotion: 'reduce' };
const GROUP = 'Schlaflos, aber nicht allein';
const TOPIC = 'Die erste Nacht';
const ANSWER = 'Willkommen, Anna. Bei mir wurde es mit der Zeit leichter.';
const CLIENTS = fileURLToPath(new URL('../../clients/', import.meta.url));
const NODE = `${CLIENTS}node_modules/node-linux-${process.arch}/bin/node`;

export default async function (world, test) {
  if (!existsSync(NODE)) {
    console.log('skipped: the packages of tests/clients are not installed, so Ben has no app (tests/clients/run fetches them)');
    return;
  }
  const offices = await TwoOffices.start();
  const apps = [];
  try {
    await play(world, test, offices, apps);
  } catch (error) {
    console.log(offices.lastWords);
    throw error;
  } finally {
    for (const app of apps) app.end();
    await offices.end();
  }
}

async function play(world, test, { north, south }, apps) {
  world.alsoOurs(north.url, south.url);
  const admin = await Account.administrator(north.url, 'wurzel', 'sieben Siegel');
  const vera = await Account.register(north.url, 'vera', 'Vera');
  const ben = await Account.register(south.url, 'ben', 'Ben');
  let group, app, request;

  await test('the northern office has a group with rules and times', async () => {
    await admin.call('POST', '/_runde/v1/roles', { user_id: vera.userId, role: 'board' });
    await vera.call('PUT', '/_runde/v1/organisation', {
      kind: 'contact_office', name: 'Kontaktstelle Nord', region: 'Nord', purpose: 'Wir helfen.', responsible: ['Vera Muster'],
      contact_email: 'nord@kiss.example', answer_days: 3,
    });
    group = await vera.call('POST', '/_runde/v1/groups', {
      name: GROUP, topic: 'trauer', about: 'Für alle, die nachts wach liegen.', forms: ['online'], admission: 'with_interview',
    });
    const begins = Date.now() + 3_600_000;
    await vera.call('POST', `/_runde/v1/groups/${group.group_id}/slots`, { begins_ts: begins, ends_ts: begins + 1_800_000, way: 'chat', place: '' });
    await vera.call('PUT', `/_runde/v1/groups/${group.group_id}/rules`, { texts: { sie: 'Was hier steht, bleibt hier.' } });
  });

  await test('Ben of the southern office knocks from his app, and is admitted', async () => {
    app = new App([south.url, ben.name, ben.password, group.card_id, north.name, TOPIC, ANSWER]);
    apps.push(app);
    await app.said('in the reception');
    const id = await waitFor(async () => (await vera.call('GET', `/_runde/v1/groups/${group.group_id}/applications`)).applications[0]?.application_id);
    const page = await world.signedIn(vera);
    await page.goto(`${north.url}/team/gruppen/${group.group_id}/anfragen/${id}`);
    await decide(page);
    const rules = (await app.said(/^rules /)).slice('rules '.length);
    assert.ok(rules.startsWith(`${north.url}/regeln/`), rules);
    const taps = await world.window(WITHOUT_SCRIPT);
    await taps.goto(rules);
    await acceptRules(taps);
    await app.said('in the forum');
  });

  for (const [size, options] of Object.entries(SIZES))
    await test(`axe finds nothing on the way for accounts from elsewhere ${size}`, async () => {
      const page = await world.window(options);
      await page.goto(`${north.url}/gruppen/${group.group_id}/anfragen`);
      await page.getByRole('link', { name: /auf einem anderen Matrix-Server/ }).click();
      await world.requireAccessible(page, 'the address');
      await world.picture(page, `elsewhere-address-${options.viewport.width}`, { fullPage: true });
      await page.getByLabel('Ihre Matrix-Adresse').fill('ben');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('Das ist keine Matrix-Adresse').waitFor();
      await world.requireAccessible(page, 'what is wrong with it');
      await page.getByLabel('Ihre Matrix-Adresse').fill(`@niemand:${south.name}`);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Sehen Sie in Ihrer App nach' }).waitFor();
      await world.requireAccessible(page, 'what happens now');
      await page.goto(`${north.url}/antrag/auswaerts/nichts`);
      await world.requireAccessible(page, 'a link that is over');
    });

  await test('Anna finds the group on the page of the southern office', async () => {
    const page = await world.window(WITHOUT_SCRIPT);
    await page.goto(south.url);
    await page.getByLabel('Worum geht es Ihnen?').fill('nachts wach');
    await page.getByRole('button', { name: 'Gruppe suchen' }).click();
    await page.getByText('Kontaktstelle Nord').first().waitFor();
    await world.picture(page, 'two-offices-directory', { fullPage: true });
    await page.getByRole('link', { name: GROUP }).click();
    await page.getByRole('heading', { level: 1, name: GROUP }).waitFor();
    assert.equal(new URL(page.url()).origin, north.url);
    assert.doesNotMatch(await page.locator('main').textContent(), /ben|vera/i);

    await page.getByRole('link', { name: 'Bei dieser Gruppe anfragen' }).click();
    await page.getByLabel('Fantasiename').fill('anna');
    await page.getByLabel('Passwort').fill(PASSWORD);
    await page.getByLabel(/Ich bin einverstanden/).check();
    await page.getByRole('button', { name: 'Anfrage senden' }).click();
    await page.getByRole('heading', { name: 'Ihre Anfrage ist angekommen' }).waitFor();
    request = new URL(page.url()).pathname.split('/')[2];
    await page.getByRole('radio', { name: /im Chat/ }).check();
    await page.getByRole('button', { name: 'Diesen Termin nehmen' }).click();
    await page.getByRole('heading', { name: 'Ihr Gespräch ist verabredet' }).waitFor();
  });

  await test('she is interviewed in the chat, and admitted', async () => {
    const anna = await comeBack(world, north.url);
    await until(anna, () => anna.getByLabel('Ihre Nachricht').isVisible());
    await anna.getByLabel('Ihre Nachricht').fill('Guten Abend, ich kann nicht schlafen.');
    await anna.getByRole('button', { name: 'Absenden' }).click();
    const page = await world.signedIn(vera);
    await page.goto(`${north.url}/team/gruppen/${group.group_id}/anfragen/${request}`);
    await page.getByRole('button', { name: 'Im Empfangsraum schreiben' }).click();
    await page.getByText('Guten Abend, ich kann nicht schlafen.').waitFor();
    await page.getByLabel('Ihre Nachricht').fill('Schön, dass Sie da sind.');
    await page.getByRole('button', { name: 'Absenden' }).click();
    await until(anna, () => anna.getByText('Schön, dass Sie da sind.').isVisible());
    await page.goto(`${north.url}/team/gruppen/${group.group_id}/anfragen/${request}`);
    await decide(page);
    await until(anna, () => anna.getByRole('heading', { name: 'Willkommen! Sie sind aufgenommen' }).isVisible());
    await anna.getByRole('link', { name: 'Regeln lesen und annehmen' }).click();
    await acceptRules(anna);
  });

  await test('she posts her first topic, and Ben answers from his app at the other office', async () => {
    const page = await world.signedIn({ name: 'anna', password: PASSWORD, url: north.url });
    await page.getByRole('link', { name: new RegExp(GROUP) }).first().click();
    await page.getByRole('link', { name: 'Neues Thema' }).click();
    await page.getByLabel('Titel').fill(TOPIC);
    await page.getByLabel('Ihr Beitrag').fill('Wie habt ihr die erste Nacht überstanden?');
    await page.getByRole('button', { name: 'Thema beginnen' }).click();
    await page.getByRole('heading', { level: 1, name: TOPIC }).waitFor();
    assert.equal(await app.said(/^read /), `read @anna:${north.name}`);
    await app.said('answered');
    await page.getByText(ANSWER).waitFor();
    await world.picture(page, 'two-offices-answer', { fullPage: true });
  });
}

/** At the desk: the interview was held; come in. */
async function decide(page) {
  await page.getByRole('button', { name: 'Das Gespräch war' }).click();
  await page.getByText('Gespräch geführt', { exact: true }).first().waitFor();
  await page.getByLabel('Aufnehmen', { exact: true }).check();
  await page.getByRole('button', { name: 'Entscheiden' }).click();
  await page.getByText('vera möchte aufnehmen').waitFor();
}

async function acceptRules(page) {
  await page.getByText('Was hier steht, bleibt hier.').waitFor();
  await page.getByLabel('Ich habe die Regeln gelesen').check();
  await page.getByRole('button', { name: 'Annehmen' }).click();
  await page.getByRole('heading', { name: 'Danke! Alles ist offen' }).waitFor();
}

async function comeBack(world, url) {
  const page = await world.window(WITHOUT_SCRIPT);
  await page.goto(`${url}/antrag`);
  await page.getByLabel('Fantasiename').fill('anna');
  await page.getByLabel('Passwort').fill(PASSWORD);
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await page.getByRole('heading', { level: 1, name: /^Anfrage an/ }).waitFor();
  return page;
}

/** Ben's app (tests/clients/js_sdk_neighbour.mjs) in a process of its own. */
class App {
  #lines = [];
  #looking = () => undefined;
  #words = '';

  constructor(options) {
    this.process = spawn(NODE, ['js_sdk_neighbour.mjs', ...options], { cwd: CLIENTS });
    this.process.stderr.on('data', (text) => (this.#words += text));
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#looking();
    });
    this.process.once('exit', () => this.#looking());
  }

  /** Waits until the app has said a line, and returns it. */
  said(what) {
    const matches = (line) => (typeof what === 'string' ? line === what : what.test(line));
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${why} before "${what}"; it said: ${this.#lines.join(' | ')}\n${this.#words}`));
      const limit = setTimeout(() => fail('time ran out'), 60_000);
      this.#looking = () => {
        const line = this.#lines.find(matches);
        if (line === undefined && this.process.exitCode === null) return;
        clearTimeout(limit);
        if (line === undefined) fail('the app ended');
        else resolve(line);
      };
      this.#looking();
    });
  }

  end() {
    if (this.process.exitCode === null) this.process.kill();
  }
}

async function waitFor(look) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await look();
    if (found) return found;
    await new Promise((resume) => setTimeout(resume, 150));
  }
  throw new Error('it did not happen');
}

async function until(page, isSo) {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await isSo()) return;
    await page.waitForTimeout(150);
    await page.reload();
  }
  throw new Error('it did not happen');
}
