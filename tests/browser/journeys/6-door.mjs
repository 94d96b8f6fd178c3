// The door: Anna finds the group, asks without a script, talks with the team, is admitted, accepts the rules, posts her first
// topic; the team does its side at the desk. Carl is declined kindly, Dora withdraws. The last steps build on the first.
import assert from 'node:assert/strict';

import { tabTo } from '../support/keyboard.mjs';
import { SIZES } from './5-open-pages.mjs';

export const chained = true;

const PASSWORD = 'vier ruhige blaue Boote';
// Nothing moves by itself, so that a click does not wait for the page to stand still.
const WITHOUT_SCRIPT = { javaScriptEnabled: false, reducedMotion: 'reduce' };
const GROUP = 'Mut nach der Diagnose';

export default async function (world, test) {
  const admin = await world.administrator('wurzel');
  const vera = await world.account('vera');
  const ben = await world.account('ben');
  const anna = world.newName('anna');
  let group, request;

  await test('the administrator introduces the organisation, and the board is appointed', async () => {
    const page = await world.signedIn(admin);
    await page.getByRole('link', { name: 'Team', exact: true }).click();
    await page.getByRole('link', { name: 'Organisation vorstellen' }).click();
    await page.getByLabel('Art', { exact: true }).selectOption('contact_office');
    await page.getByLabel('Name', { exact: true }).fill('KISS Beispielstadt');
    await page.getByLabel('Region').fill('Beispielstadt und Umland');
    await page.getByLabel('Wozu gibt es uns?').fill('Wir helfen Menschen, eine Selbsthilfegruppe zu finden oder zu gründen.\n\nSeit 1988, mit vier Mitarbeiterinnen.');
    await page.getByLabel('Verantwortliche Personen').fill('Erika Muster, Leiterin');
    await page.getByLabel('Wer bezahlt das?').fill('Stadt Beispielstadt, gesetzliche Krankenkassen');
    await page.getByLabel('Wo steht der Server?').fill('Falkenstein, Deutschland');
    await page.getByLabel('E-Mail').fill('hallo@kiss.example');
    await page.getByLabel('Telefon').fill('0551 123456');
    await page.getByLabel('Wir antworten spätestens').fill('3');
    await page.getByRole('button', { name: 'Organisation vorstellen' }).click();
    await page.getByText('Gespeichert.').waitFor();
    await page.getByText('Impressum', { exact: true }).first().click();
    await world.requireAccessible(page, 'organisation');
    await world.picture(page, 'desk-organisation', { fullPage: true });

    await page.goto(`${world.url}/team/aufgaben`);
    await page.getByLabel('Benutzername').fill(vera.name);
    await page.getByLabel('Aufgabe', { exact: true }).selectOption('board');
    await page.getByRole('button', { name: 'Aufgabe geben' }).click();
    await page.getByText('Vorstand', { exact: false }).first().waitFor();
    await world.requireAccessible(page, 'roles');

    const visitor = await world.window();
    await visitor.goto(world.url);
    await visitor.getByRole('link', { name: 'KISS Beispielstadt' }).waitFor();
    await visitor.getByText('spätestens nach 3 Tagen').waitFor();
    await world.picture(visitor, 'open-front-set-up', { fullPage: true });
  });

  await test('the board makes a group with card, questions, rules, times and a moderator', async () => {
    const page = await world.signedIn(vera);
    await page.getByRole('link', { name: 'Team', exact: true }).click();
    await page.getByRole('link', { name: 'Neue Gruppe' }).click();
    await page.getByLabel('Name', { exact: true }).fill(GROUP);
    await page.getByLabel('Thema').selectOption('krebs');
    await page.getByLabel('Worum geht es?').fill('Für alle, die gerade erfahren haben, dass sie krank sind. Und für die, die sie begleiten.');
    await page.getByLabel('online').check();
    await page.getByLabel('Region').fill('Beispielstadt');
    await page.getByLabel('ohne Kamera möglich').check();
    await page.getByRole('button', { name: 'Gruppe anlegen' }).click();
    await page.getByRole('heading', { level: 1, name: GROUP }).waitFor();
    group = decodeURIComponent(new URL(page.url()).pathname.split('/')[3]);
    await world.requireAccessible(page, 'card');
    await world.picture(page, 'desk-card', { fullPage: true });

    await page.getByRole('link', { name: 'Fragen', exact: true }).click();
    await page.getByRole('button', { name: 'Frage hinzufügen' }).click();
    await page.getByLabel(/: Frage$/).last().fill('Seit wann beschäftigt Sie das?');
    await page.getByLabel('Warum wir fragen').last().fill('Damit wir wissen, was Sie gerade brauchen.');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByText('Gespeichert.').waitFor();
    await world.requireAccessible(page, 'questions');

    await page.getByRole('link', { name: 'Regeln', exact: true }).click();
    await page.getByRole('heading', { name: 'Regeln der Gruppe' }).click();
    await page.getByLabel('Deutsch, Sie').fill('# Vertraulich\n\nWas hier steht, bleibt hier.\n\n- keine Bildschirmfotos\n- keine Namen anderer');
    await page.getByRole('button', { name: 'Als neue Fassung speichern' }).click();
    await page.getByText('Es gilt Fassung 1.').waitFor();

    await page.getByRole('link', { name: 'Termine', exact: true }).click();
    for (const [day, way, place] of [[1, 'chat', ''], [2, 'phone', '0551 123457']]) {
      await page.getByLabel('Beginn').fill(inDays(day));
      await page.getByLabel('Wie?').selectOption(way);
      if (place) await page.getByLabel('Nummer, Link oder Ort').fill(place);
      await page.getByRole('button', { name: 'Termin anbieten' }).click();
      await page.getByText('frei', { exact: true }).nth(day - 1).waitFor();
    }
    await world.requireAccessible(page, 'slots');
    await world.picture(page, 'desk-slots', { fullPage: true });

    await page.getByRole('link', { name: 'Aufgaben', exact: true }).click();
    await page.getByLabel('Benutzername').fill(ben.name);
    await page.getByLabel('Aufgabe', { exact: true }).selectOption('moderator');
    await page.getByRole('button', { name: 'Aufgabe geben' }).click();
    await page.getByRole('button', { name: new RegExp(`Moderation von ${ben.name}`) }).waitFor();
  });

  await test('the office keeps topics, members of the association, and whose admissions count', async () => {
    const page = await world.signedIn(vera);
    await page.goto(`${world.url}/team/themen`);
    await page.getByRole('button', { name: 'Thema hinzufügen' }).click();
    await page.getByRole('textbox', { name: /^Thema \d+$/ }).last().fill('Schlaf & Träume');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByText('Gespeichert.').waitFor();
    const visitor = await world.window();
    await visitor.goto(`${world.url}/gruppen`);
    assert.equal(await visitor.getByLabel('Thema').locator('option', { hasText: 'Schlaf & Träume' }).getAttribute('value'), 'schlaf-traeume');

    await page.goto(`${world.url}/team/vereinsmitglieder`);
    await page.getByText('Noch ist niemand eingetragen.').waitFor();
    await page.getByLabel('Benutzername').fill(ben.name);
    await page.getByRole('button', { name: 'Mitglied eintragen' }).click();
    await page.getByRole('button', { name: `Austragen: ${ben.name}` }).waitFor();
    assert.equal((await ben.call('GET', '/_runde/v1/me')).association_member, true);
    await page.getByRole('button', { name: `Austragen: ${ben.name}` }).click();
    await page.getByText('Noch ist niemand eingetragen.').waitFor();

    await page.goto(`${world.url}/team/gruppen/${group}/fragen`);
    await page.getByLabel('Aufnahmen dieser Stellen gelten auch hier').fill('nord.example');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByText('Gespeichert.').waitFor();
    await page.reload();
    await page.waitForFunction(() => document.getElementById('anerkennen')?.value === 'nord.example');
    await page.goto(`${world.url}/team/gruppen/${group}/zahlen`);
    await page.getByText('Noch hat sich keine Anfrage gelöscht.').waitFor();
  });

  await test('Anna finds the group and asks, without a script', async () => {
    const page = await world.window(WITHOUT_SCRIPT);
    await page.goto(world.url);
    await page.getByLabel('Worum geht es Ihnen?').fill('Diagnose');
    await page.getByRole('button', { name: 'Gruppe suchen' }).click();
    await world.picture(page, 'open-groups-found', { fullPage: true });
    await page.getByRole('link', { name: GROUP }).click();
    await page.getByText('ohne Kamera möglich').waitFor();
    assert.doesNotMatch(await page.locator('main').textContent(), /vera|ben\d|Mitglied/i);
    await world.picture(page, 'open-card', { fullPage: true });
    await page.getByRole('link', { name: 'Bei dieser Gruppe anfragen' }).click();

    // Nothing filled in: the page says what is missing, and keeps what was written.
    await page.getByLabel('Seit wann beschäftigt Sie das?').fill('Seit drei Wochen.');
    await page.getByRole('button', { name: 'Anfrage senden' }).click();
    await page.getByRole('alert').getByRole('link', { name: /Fantasiename/ }).waitFor();
    assert.equal(await page.getByLabel('Seit wann beschäftigt Sie das?').inputValue(), 'Seit drei Wochen.');
    await world.picture(page, 'open-ask-problems', { fullPage: true });

    await page.getByLabel('Fantasiename').fill(anna);
    await page.getByLabel('Passwort').fill(PASSWORD);
    await page.getByLabel(/Ich bin einverstanden/).check();
    await page.getByRole('button', { name: 'Anfrage senden' }).click();
    await page.getByRole('heading', { name: 'Ihre Anfrage ist angekommen' }).waitFor();
    await page.getByText(`Name ${anna} und Ihr Passwort`).waitFor();
    request = new URL(page.url()).pathname;
    await world.picture(page, 'open-request', { fullPage: true });
  });

  await test('with only her name and password she comes back, picks a time and saves it in her calendar', async () => {
    const page = await comeBack(world, anna, WITHOUT_SCRIPT);
    await page.getByRole('radio', { name: /im Chat/ }).check();
    await page.getByRole('button', { name: 'Diesen Termin nehmen' }).click();
    await page.getByRole('heading', { name: 'Ihr Gespräch ist verabredet' }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /Kalenderdatei/ }).click()]);
    assert.equal(download.suggestedFilename(), 'termin.ics');
  });

  await test('Ben sees the request at the desk, and both write in the reception', async () => {
    const bensPage = await world.signedIn(ben);
    await bensPage.getByRole('link', { name: 'Team', exact: true }).click();
    await bensPage.getByText('1 offene Anfrage').waitFor();
    await world.picture(bensPage, 'desk-overview', { fullPage: true });
    await bensPage.getByRole('link', { name: GROUP }).click();
    await bensPage.getByRole('link', { name: anna }).click();
    await bensPage.getByText('Seit drei Wochen.').waitFor();
    await bensPage.getByLabel('Notiz', { exact: true }).fill('Wirkt gefasst.');
    await bensPage.getByRole('button', { name: 'Notiz speichern' }).click();
    await bensPage.getByText('Wirkt gefasst.').waitFor();

    const page = await comeBack(world, anna, WITHOUT_SCRIPT);
    await page.getByLabel('Ihre Nachricht').fill('Guten Abend, hier ist Anna.');
    await page.getByRole('button', { name: 'Absenden' }).click();
    await page.getByText('Guten Abend, hier ist Anna.').waitFor();

    await bensPage.getByRole('button', { name: 'Im Empfangsraum schreiben' }).click();
    await bensPage.getByText('Guten Abend, hier ist Anna.').waitFor();
    await bensPage.getByLabel('Ihre Nachricht').fill('Schön, dass Sie da sind. Wie geht es Ihnen?');
    await bensPage.getByRole('button', { name: 'Absenden' }).click();
    await until(page, () => page.getByText('Wie geht es Ihnen?').isVisible());
    await world.picture(page, 'open-request-talk', { fullPage: true });
  });

  await test('Ben admits her, she accepts the rules with two taps, and posts her first topic', async () => {
    const bensPage = await world.signedIn(ben);
    await bensPage.goto(`${world.url}/team/gruppen/${group}/anfragen/${request.split('/')[2]}`);
    await bensPage.getByRole('button', { name: 'Das Gespräch war' }).click();
    await bensPage.getByText('Gespräch geführt', { exact: true }).first().waitFor();
    await bensPage.getByLabel('Aufnehmen', { exact: true }).check();
    await bensPage.getByLabel('Worte an die Person').fill('Willkommen, wir freuen uns auf Sie.');
    await bensPage.getByLabel('Grund für die Akte').fill('Passt gut.');
    await world.requireAccessible(bensPage, 'request');
    await world.picture(bensPage, 'desk-request', { fullPage: true });
    await bensPage.getByRole('button', { name: 'Entscheiden' }).click();
    await bensPage.getByText(`${ben.name} möchte aufnehmen`).waitFor();

    const page = await comeBack(world, anna, WITHOUT_SCRIPT);
    await page.getByRole('heading', { name: 'Willkommen! Sie sind aufgenommen' }).waitFor();
    await page.getByText('Willkommen, wir freuen uns auf Sie.', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Regeln lesen und annehmen' }).click();
    await page.getByText('Was hier steht, bleibt hier.').waitFor();
    await world.picture(page, 'open-rules', { fullPage: true });
    await page.getByRole('button', { name: 'Annehmen' }).click();
    await page.getByRole('alert').getByText('Bitte bestätigen Sie').waitFor();
    await page.getByLabel('Ich habe die Regeln gelesen').check();
    await page.getByRole('button', { name: 'Annehmen' }).click();
    await page.getByRole('heading', { name: 'Danke! Alles ist offen' }).waitFor();

    const inside = await world.signedIn({ name: anna, password: PASSWORD });
    await inside.getByRole('link', { name: new RegExp(GROUP) }).first().click();
    await inside.getByRole('link', { name: 'Neues Thema' }).click();
    await inside.getByLabel('Titel').fill('Ich bin Anna');
    await inside.getByLabel('Ihr Beitrag').fill('Danke, dass ihr da seid.');
    await inside.getByRole('button', { name: 'Thema beginnen' }).click();
    await inside.getByRole('heading', { level: 1, name: 'Ich bin Anna' }).waitFor();
  });

  await test('Carl is declined kindly, and learns nothing about the group', async () => {
    const carl = world.newName('carl');
    const page = await ask(world, group, carl, 'Ich suche Kunden für meine Wunderpillen.');
    const id = new URL(page.url()).pathname.split('/')[2];
    const bensPage = await world.signedIn(ben);
    await bensPage.goto(`${world.url}/team/gruppen/${group}/anfragen/${id}`);
    await bensPage.getByLabel('Absagen', { exact: true }).check();
    await bensPage.getByRole('button', { name: 'Entscheiden' }).click();
    await bensPage.getByText(`${ben.name} möchte absagen`).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Diesmal leider nicht' }).waitFor();
    assert.doesNotMatch(await page.locator('main').textContent(), new RegExp(`${ben.name}|${anna}|\\d Mitglied`));
    await world.picture(page, 'open-declined', { fullPage: true });
  });

  await test('Dora changes her answers, takes a copy, and withdraws: then nobody knows her any more', async () => {
    const dora = world.newName('dora');
    const page = await ask(world, group, dora, 'Ich weiß noch nicht.');
    await page.getByRole('link', { name: 'Angaben ändern' }).click();
    await page.getByLabel('Seit wann beschäftigt Sie das?').fill('Seit dem Sommer.');
    await page.getByRole('button', { name: 'Änderungen speichern' }).click();
    await page.getByText('Seit dem Sommer.').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /Alles herunterladen/ }).click()]);
    assert.equal(download.suggestedFilename(), 'anfrage.json');
    await page.getByText('Anfrage zurückziehen', { exact: true }).click();
    await page.getByRole('button', { name: 'Zurückziehen und alles löschen' }).click();
    await page.getByRole('heading', { name: 'Alles ist gelöscht' }).waitFor();
    await until(page, async () => {
      // Until the erasure is through she may still come in: so each try begins outside.
      await page.context().clearCookies();
      await page.goto(`${world.url}/antrag`);
      await page.getByLabel('Fantasiename').fill(dora);
      await page.getByLabel('Passwort').fill(PASSWORD);
      await page.getByRole('button', { name: 'Anmelden' }).click();
      return page.getByText('Name oder Passwort stimmen nicht').first().isVisible();
    }, { reload: false });
  });

  for (const [size, options] of Object.entries(SIZES))
    await test(`axe finds nothing on the way in ${size}`, async () => {
      const page = await ask(world, group, world.newName('emil'), 'Guten Tag.', options);
      const width = options.viewport.width;
      await world.requireAccessible(page, 'request');
      await world.picture(page, `open-request-${width}`, { fullPage: true });
      for (const path of ['/gruppen', `/gruppen/${group}`, `/gruppen/${group}/anfragen`, '/impressum', '/', '/antrag']) {
        await page.goto(world.url + path);
        await world.requireAccessible(page, path);
        await world.picture(page, `open${path.replaceAll('/', '-').replace(group, 'gruppe')}-${width}`, { fullPage: true });
      }
      const team = await world.signedIn(vera, options);
      for (const path of ['', '/organisation', '/aufgaben', '/vereinsmitglieder', '/themen', '/gruppe-anlegen', ...['', '/termine', '/karte', '/fragen', '/regeln', '/aufgaben', '/zahlen'].map((part) => `/gruppen/${group}${part}`)]) {
        await team.goto(`${world.url}/team${path}`);
        await team.getByRole('heading', { level: 1 }).waitFor();
        await team.getByRole('status').filter({ hasText: 'geladen' }).waitFor({ state: 'detached' });
        await world.requireAccessible(team, `/team${path}`);
        await world.picture(team, `desk${path.replaceAll('/', '-').replace(group, 'gruppe')}-${width}`, { fullPage: true });
      }
    });

  await test('asking by keyboard alone', async () => {
    const page = await world.window({ reducedMotion: 'reduce' });
    await page.goto(`${world.url}/gruppen/${group}`);
    await tabTo(page, 'Bei dieser Gruppe anfragen');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/gruppen/${group}/anfragen`);
    await tabTo(page, /Seit wann beschäftigt Sie das/);
    await page.keyboard.type('Seit gestern.');
    await tabTo(page, /^Fantasiename/);
    await page.keyboard.type(world.newName('frida'));
    await tabTo(page, /^Passwort/);
    await page.keyboard.type(PASSWORD);
    await tabTo(page, /Ich bin einverstanden/);
    await page.keyboard.press('Space');
    await tabTo(page, 'Anfrage senden');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Ihre Anfrage ist angekommen' }).waitFor();
  });

  await test('the quick exit ends the visit of somebody who came back', async () => {
    const page = await ask(world, group, world.newName('gerd'), 'Hallo.');
    await page.context().route('https://www.dwd.de/**', (route) => route.fulfill({ body: '<h1>Das Wetter</h1>', contentType: 'text/html' }));
    await page.getByRole('link', { name: 'Seite schnell verlassen' }).click();
    await page.getByRole('heading', { name: 'Das Wetter' }).waitFor();
    await until(page, async () => {
      await page.goto(`${world.url}/antrag`);
      return page.getByRole('heading', { name: 'Zurück zu Ihrer Anfrage' }).isVisible();
    }, { reload: false });
    world.requireNothingStrange(/^asked https:\/\/www\.dwd\.de\/$/);
  });
}

async function ask(world, group, name, answer, options) {
  const page = await world.window(options);
  await page.goto(`${world.url}/gruppen/${group}/anfragen`);
  await page.getByLabel('Seit wann beschäftigt Sie das?').fill(answer);
  await page.getByLabel('Fantasiename').fill(name);
  await page.getByLabel('Passwort').fill(PASSWORD);
  await page.getByLabel(/Ich bin einverstanden/).check();
  await page.getByRole('button', { name: 'Anfrage senden' }).click();
  await page.getByRole('heading', { name: 'Ihre Anfrage ist angekommen' }).waitFor();
  return page;
}

async function comeBack(world, name, options) {
  const page = await world.window(options);
  await page.goto(`${world.url}/antrag`);
  await page.getByLabel('Fantasiename').fill(name);
  await page.getByLabel('Passwort').fill(PASSWORD);
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await page.getByRole('heading', { level: 1, name: /^Anfrage an/ }).waitFor();
  return page;
}

/** Looks again until it is so: what follows a decision is done by jobs. */
async function until(page, isSo, { reload = true } = {}) {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await isSo()) return;
    await page.waitForTimeout(150);
    if (reload) await page.reload();
  }
  throw new Error('it did not happen');
}

/** For <input type="datetime-local">, at half past six in the evening. */
function inDays(days) {
  const day = new Date(Date.now() + days * 86_400_000);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}T18:30`;
}
