// Works for everybody: without a mouse, on a small phone, in the dark, for screen readers (axe: WCAG 2.2 AA).
import assert from 'node:assert/strict';

import { focusName, tabTo } from '../support/keyboard.mjs';

const SIZES = {
  'on a large screen': { viewport: { width: 1100, height: 800 } },
  'in the dark': { viewport: { width: 390, height: 800 }, colorScheme: 'dark' },
  'on a phone of 320 px': { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
};

export default async function (world, test) {
  const anna = await world.account('anna');
  const ben = await world.account('ben');
  const forum = await anna.createForum('Krebs: Leben nach der Diagnose', {
    topic: 'Fragen, Erfahrungen und Mut – für Betroffene und Angehörige.',
    settings: { tags: ['Therapie', 'Alltag', 'Angehörige'], close_after_days: 90 },
  });
  await ben.join(forum);
  const root = await ben.say(
    forum,
    'Strahlentherapie oder Operation?\n\nBei mir steht in drei Wochen die Entscheidung an. Der Urologe rät zur Operation, die Zweitmeinung zur Strahlentherapie.\n\nWie habt ihr euch entschieden? Ein guter Überblick: https://www.krebsinformationsdienst.de.',
  );
  const answer = await anna.say(forum, 'Nimm dir Zeit. Es ist selten so eilig, wie es sich anfühlt. Bring am Dienstag gern deine Fragen mit in die Runde.', root);
  await ben.say(forum, 'Danke dir. Am Dienstag bin ich dabei, mit einer langen Liste.', root);
  const pinned = await anna.say(forum, 'Bitte zuerst lesen: So gehen wir miteinander um\n\nWas hier steht, bleibt hier.');
  await anna.setTopic(forum, pinned, { state: 'closed', pinned: true, tags: ['Alltag'], closed_reason: 'moderator' });
  const reha = await ben.say(forum, 'Reha in Bad Wildungen – wer war schon dort?\n\nMein Antrag ist bewilligt.');
  await ben.say(forum, 'Donaudampfschifffahrtsgesellschaftskapitänsmützenhersteller'.repeat(3), reha);
  await anna.setTopic(forum, reha, { answered: true, tags: ['Therapie', 'Alltag'] });
  const chat = await anna.createChat('Kaffeerunde', [ben.userId]);
  await ben.join(chat);
  await anna.say(chat, 'Guten Morgen!');
  await anna.createForum('Vorstand', { preset: 'private_chat', invite: [ben.userId] });

  const [room, topic] = [forum.slice(1), root.slice(1)];
  const open = ['/mitglieder', '/anmelden', '/registrieren', '/hilfe'];
  const inside = {
    '/mitglieder': 'overview', [`/forum/${room}`]: 'forum', [`/forum/${room}/${topic}`]: 'topic', [`/forum/${room}/${topic}?beitrag=${answer.slice(1)}`]: 'post',
    [`/forum/${room}/${pinned.slice(1)}`]: 'closed', [`/forum/${room}/${reha.slice(1)}`]: 'long-words', [`/forum/${room}/neu`]: 'new-topic', [`/chat/${chat.slice(1)}`]: 'chat',
    '/suche?q=Therapie': 'search', '/konto': 'account', '/hilfe': 'help', '/forum/nirgends': 'not-joined', '/forum/a/b/c': 'missing',
  };

  for (const [size, options] of Object.entries(SIZES)) {
    await test(`axe finds nothing for visitors ${size}`, async () => {
      const page = await world.window(options);
      for (const path of open) {
        await page.goto(world.url + path);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await settle(page);
        await world.requireAccessible(page, path);
        await world.picture(page, `visitor-${path.slice(1) || 'start'}-${options.viewport.width}`, { fullPage: true });
      }
      await page.goto(`${world.url}/anmelden`);
      await page.getByRole('button', { name: 'Anmelden' }).click();
      await page.getByRole('alert').first().waitFor();
      await world.requireAccessible(page, 'sign-in with problems');
    });

    await test(`axe finds nothing for members ${size}`, async () => {
      const page = await world.signedIn(ben, options);
      for (const [path, name] of Object.entries(inside)) {
        await page.goto(world.url + path);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await settle(page);
        await world.requireAccessible(page, path);
        await world.picture(page, `${name}-${options.viewport.width}`, { fullPage: true });
      }
    });

    await test(`axe finds nothing for moderators ${size}`, async () => {
      const page = await world.signedIn(anna, options);
      await page.goto(`${world.url}/forum/${room}/${topic}`);
      await page.getByText('Moderation', { exact: true }).click();
      await page.getByRole('button', { name: 'Löschen' }).first().click();
      await world.requireAccessible(page, 'moderation');
      await world.picture(page, `moderation-${options.viewport.width}`, { fullPage: true });
    });
  }

  await test('the whole journey by keyboard: register, join, start a topic, answer, leave', async () => {
    const page = await world.window();
    await page.goto(`${world.url}/mitglieder`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focusName(page), 'Seite schnell verlassen', 'the quick exit has the first focus');
    await page.keyboard.press('Tab');
    assert.equal(await focusName(page), 'Zum Inhalt springen');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Konto anlegen');
    await page.keyboard.press('Enter');

    await page.getByLabel('Benutzername').waitFor();
    await tabTo(page, 'Benutzername');
    await page.keyboard.type(world.newName('emil'));
    await tabTo(page, 'Passwort');
    await page.keyboard.type('sieben kleine Wolken');
    for (let terms = await page.getByRole('checkbox', { name: /einverstanden/ }).count(); terms > 0; terms--) {
      await tabTo(page, /einverstanden/);
      await page.keyboard.press('Space');
    }
    await tabTo(page, 'Konto anlegen');
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: /^Guten Tag/ }).waitFor();
    await page.getByRole('button', { name: /^Krebs.* beitreten/ }).waitFor();
    await tabTo(page, /^Krebs.* beitreten/);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Neues Thema' }).waitFor();
    assert.match(await focusName(page), /^Krebs/, 'a new page takes the focus to its heading');
    await tabTo(page, 'Neues Thema');
    await page.keyboard.press('Enter');

    await page.getByLabel('Titel').waitFor();
    await tabTo(page, 'Titel');
    await page.keyboard.type('Darf ich hier einfach so fragen?');
    await tabTo(page, 'Ihr Beitrag');
    await page.keyboard.type('Ich bin neu.');
    await tabTo(page, 'Thema beginnen');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Darf ich hier einfach so fragen?' }).waitFor();

    await tabTo(page, 'Ihre Antwort');
    await page.keyboard.type('Ich antworte mir schon einmal selbst.');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('article').filter({ hasText: 'schon einmal selbst' }).waitFor();
    assert.equal(await focusName(page), 'Ihre Antwort', 'the focus stays where one writes');

    await tabTo(page, /^Reagieren mit: Danke/, { key: 'Shift+Tab' });
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Danke: 1 Person, auch von Ihnen' }).waitFor();

    await tabTo(page, 'Ihr Konto', { key: 'Shift+Tab' });
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Ihr Konto' }).waitFor();
    await tabTo(page, 'Abmelden');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Willkommen in der Runde' }).waitFor();
  });

  await test('text at 200 % on a phone stays within the page', async () => {
    const page = await world.signedIn(ben, SIZES['on a phone of 320 px']);
    for (const path of ['/mitglieder', `/forum/${room}`, `/forum/${room}/${topic}`, '/konto']) {
      await page.goto(world.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await settle(page);
      await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${path} scrolls sideways by ${over} px`);
    }
  });
}

/** Until what the page asked for has arrived. */
async function settle(page) {
  await page.waitForFunction(() => !document.querySelector('main')?.textContent.includes('Wird geladen'));
}
