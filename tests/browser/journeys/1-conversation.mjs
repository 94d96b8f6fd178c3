// The main journey: two people talk in a topic, a third finds it, the moderator closes it.
import assert from 'node:assert/strict';

export const chained = true;

export default async function (world, test) {
  const anna = await world.account('anna');
  const ben = await world.account('ben');
  const carl = await world.account('carl');
  const forum = await anna.createForum('Prostatakrebs: Leben nach der Diagnose', { topic: 'Fragen, Erfahrungen und Mut' });
  await carl.join(forum);

  let annasPage, bensPage, carlsPage, permalink;
  const title = 'Strahlentherapie oder Operation?';
  const post = (page, text) => page.getByRole('article').filter({ hasText: text });

  await test('Ben finds the open forum and joins', async () => {
    bensPage = await world.signedIn(ben);
    await bensPage.getByRole('button', { name: /Prostatakrebs.* beitreten/ }).click();
    await bensPage.getByRole('heading', { level: 1, name: /Prostatakrebs/ }).waitFor();
    await bensPage.getByText('Hier gibt es noch keine Themen').waitFor();
  });

  await test('Anna starts a topic; Ben sees it without reloading', async () => {
    annasPage = await world.signedIn(anna);
    await annasPage.getByRole('link', { name: /Prostatakrebs/ }).click();
    await annasPage.getByRole('link', { name: 'Neues Thema' }).click();
    await annasPage.getByLabel('Titel').fill(title);
    await annasPage.getByLabel('Ihr Beitrag').fill('Wie habt ihr euch entschieden?\n\nIch <b>frage</b> für uns alle.');
    await annasPage.getByRole('button', { name: 'Thema beginnen' }).click();
    await annasPage.getByRole('heading', { level: 1, name: title }).waitFor();
    await annasPage.getByText('Ich <b>frage</b> für uns alle.').waitFor();

    await bensPage.getByRole('link', { name: title }).waitFor();
  });

  await test('they talk, and every post arrives without reloading', async () => {
    await bensPage.getByRole('link', { name: title }).click();
    await bensPage.getByLabel('Ihre Antwort').fill('Ich habe mich bestrahlen lassen.');
    await bensPage.getByRole('button', { name: 'Absenden' }).click();
    await post(annasPage, 'bestrahlen lassen').waitFor();
    await annasPage.getByRole('status').filter({ hasText: 'Neuer Beitrag von Ben' }).waitFor();

    await annasPage.getByLabel('Ihre Antwort').fill('Danke, das macht mir Mut.');
    await annasPage.getByLabel('Ihre Antwort').press('Control+Enter');
    await post(bensPage, 'macht mir Mut').waitFor();
    assert.equal(await annasPage.getByLabel('Ihre Antwort').inputValue(), '', 'what was sent is not left in the field');
    assert.equal(await post(annasPage, 'macht mir Mut').count(), 1, 'a post of one’s own appears once');
  });

  await test('Ben edits, reacts and deletes; Anna sees each', async () => {
    await post(bensPage, 'bestrahlen lassen').getByRole('button', { name: 'Bearbeiten' }).click();
    await bensPage.getByLabel('Beitrag bearbeiten').fill('Ich habe mich im Frühjahr bestrahlen lassen.');
    await bensPage.getByRole('button', { name: 'Speichern' }).click();
    await post(annasPage, 'im Frühjahr bestrahlen').getByText('bearbeitet').waitFor();

    await post(bensPage, 'macht mir Mut').getByRole('button', { name: 'Reagieren mit: Danke' }).click();
    await post(annasPage, 'macht mir Mut').getByRole('button', { name: 'Danke: 1 Person' }).waitFor();

    await bensPage.getByLabel('Ihre Antwort').fill('Das war voreilig.');
    await bensPage.getByRole('button', { name: 'Absenden' }).click();
    await post(annasPage, 'Das war voreilig').waitFor();
    await post(bensPage, 'Das war voreilig').getByRole('button', { name: 'Löschen' }).click();
    await bensPage.getByRole('button', { name: 'Ja, löschen' }).click();
    await annasPage.getByText('Dieser Beitrag wurde gelöscht').waitFor();
    assert.equal(await post(annasPage, 'Das war voreilig').count(), 0);
  });

  await test('after reloading everything is still there', async () => {
    await annasPage.reload();
    await post(annasPage, 'im Frühjahr bestrahlen').getByText('bearbeitet').waitFor();
    await post(annasPage, 'macht mir Mut').getByRole('button', { name: /^Danke: 1 Person/ }).waitFor();
    await annasPage.getByText('Ich <b>frage</b> für uns alle.').waitFor();
  });

  await test('Ben answers one post in particular', async () => {
    await post(bensPage, 'macht mir Mut').getByRole('button', { name: /Auf den Beitrag von Anna antworten/ }).click();
    await bensPage.getByText('Antwort an Anna').waitFor();
    await bensPage.getByLabel('Ihre Antwort').fill('Das freut mich sehr.');
    await bensPage.getByRole('button', { name: 'Absenden' }).click();
    await post(annasPage, 'freut mich sehr').getByRole('link', { name: 'antwortet auf Anna' }).waitFor();
  });

  await test('Carl sees what is new, finds a post by another form of the word, and jumps to it', async () => {
    carlsPage = await world.signedIn(carl);
    await carlsPage.getByText(/neue[r]? Beitr/).first().waitFor();
    await carlsPage.getByRole('link', { name: 'Suche' }).click();
    await carlsPage.getByLabel('Wonach suchen Sie?').fill('Therapien');
    await carlsPage.getByRole('button', { name: 'Suchen' }).click();
    const hit = carlsPage.getByRole('listitem').filter({ hasText: 'Strahlentherapie' });
    await hit.locator('mark').first().waitFor();

    await carlsPage.getByLabel('Wonach suchen Sie?').fill('Frühjahr');
    await carlsPage.getByRole('button', { name: 'Suchen' }).click();
    await carlsPage.getByRole('listitem').filter({ hasText: 'bestrahlen' }).getByRole('link').click();
    const found = post(carlsPage, 'im Frühjahr bestrahlen');
    await found.waitFor();
    await carlsPage.waitForFunction(() => document.activeElement?.textContent?.includes('im Frühjahr'));
    permalink = await found.getByRole('link', { name: /^Link zum Beitrag von Ben/ }).getAttribute('href');
    assert.match(permalink, /^\/r\/[^/!]+\/[^/$]+$/);
  });

  await test('what was read to its end is not new any more', async () => {
    await carlsPage.keyboard.press('End');
    await carlsPage.getByRole('link', { name: 'Übersicht' }).click();
    await carlsPage.getByRole('heading', { name: /^Guten Tag/ }).waitFor();
    await carlsPage.waitForFunction(() => !document.querySelector('main .badge.new'));
  });

  await test('Anna pins and closes the topic; Ben reads why he cannot answer', async () => {
    await annasPage.getByText('Moderation', { exact: true }).click();
    await annasPage.getByRole('button', { name: 'Anpinnen' }).click();
    await annasPage.locator('.badge', { hasText: 'Angepinnt' }).waitFor();
    await annasPage.getByRole('checkbox', { name: 'Therapie' }).check();
    await annasPage.locator('.badge', { hasText: '# Therapie' }).waitFor();
    await bensPage.getByLabel('Ihre Antwort').fill('Noch ein Gedanke');
    await annasPage.getByRole('button', { name: 'Thema schließen' }).click();

    await bensPage.getByText('Dieses Thema ist geschlossen').waitFor();
    await bensPage.getByText('Die Moderation hat es geschlossen').waitFor();
    assert.equal(await bensPage.getByLabel('Ihre Antwort').count(), 0);
    assert.equal(await bensPage.getByText('Moderation', { exact: true }).count(), 0, 'only moderators moderate');

    const root = new URL(bensPage.url()).pathname.split('/')[3];
    const refused = await ben.say(forum, 'Und doch', `$${root}`).catch((error) => error);
    assert.equal(refused.errcode, 'ORG.RUNDE.TOPIC_CLOSED');
  });

  await test('a post that comes too late is not lost and says why', async () => {
    await annasPage.getByRole('button', { name: 'Wieder öffnen' }).click();
    await bensPage.getByLabel('Ihre Antwort').fill('Ein später Gedanke');
    // From Anna's next post on, Ben's page learns nothing more, so it offers to answer after the topic was closed.
    await bensPage.route('**/_matrix/client/v3/sync*', (route) => route.abort());
    await annasPage.getByLabel('Ihre Antwort').fill('Ich schließe hier bald.');
    await annasPage.getByRole('button', { name: 'Absenden' }).click();
    await post(bensPage, 'Ich schließe hier bald').waitFor();
    await annasPage.getByRole('button', { name: 'Thema schließen' }).click();
    await annasPage.getByRole('button', { name: 'Wieder öffnen' }).waitFor();

    await bensPage.getByRole('button', { name: 'Absenden' }).click();
    await bensPage.getByText('Nicht gesendet: Dieses Thema ist inzwischen geschlossen').waitFor();
    assert.equal(await bensPage.getByLabel('Ihre Antwort').inputValue(), 'Ein später Gedanke');
    await bensPage.unroute('**/_matrix/client/v3/sync*');
    await bensPage.getByText('Die Moderation hat es geschlossen').waitFor({ timeout: 60_000 });
  });

  await test('the forum shows the pinned topic first and filters', async () => {
    await carl.say(forum, 'Reha in Bad Wildungen\n\nWer war schon dort?');
    await carlsPage.getByRole('link', { name: /Prostatakrebs/ }).click();
    await carlsPage.getByRole('link', { name: 'Reha in Bad Wildungen' }).waitFor();
    const titles = await carlsPage.locator('ol h3').allTextContents();
    assert.deepEqual(titles, [title, 'Reha in Bad Wildungen']);
    await carlsPage.getByLabel('Zustand').selectOption('open');
    await carlsPage.getByRole('link', { name: title }).waitFor({ state: 'detached' });
    await carlsPage.getByLabel('Zustand').selectOption('');
    await carlsPage.getByLabel('Schlagwort').selectOption('Therapie');
    await carlsPage.getByRole('link', { name: 'Reha in Bad Wildungen' }).waitFor({ state: 'detached' });
    await carlsPage.reload();
    await carlsPage.getByRole('link', { name: title }).waitFor();
    assert.equal(await carlsPage.getByLabel('Schlagwort').inputValue(), 'Therapie', 'the address keeps the choice');
  });

  await test('a permalink opened in a fresh window asks to sign in and leads to the post', async () => {
    const page = await world.window();
    await page.goto(world.url + permalink);
    await page.getByLabel('Benutzername').fill(carl.name);
    await page.getByLabel('Passwort', { exact: true }).fill(carl.password);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await post(page, 'im Frühjahr bestrahlen').waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('im Frühjahr'));
  });

  await test('the permalink survives a restart of the server, and the page reconnects by itself', async () => {
    await world.server.stop();
    await annasPage.getByText('Keine Verbindung').waitFor({ timeout: 40_000 });
    await world.server.run();
    await annasPage.getByText('Die Verbindung steht wieder').waitFor({ timeout: 90_000 });
    const page = await world.signedIn(carl);
    await page.goto(world.url + permalink);
    await post(page, 'im Frühjahr bestrahlen').waitFor();
  });
}

