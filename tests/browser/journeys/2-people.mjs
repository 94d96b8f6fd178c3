// Accounts, invitations, conversations, leaving quickly, losing the connection.
import assert from 'node:assert/strict';

export default async function (world, test) {
  const anna = await world.account('anna');
  const ben = await world.account('ben');

  await test('whoever types a wrong password reads it, and nothing is lost', async () => {
    const page = await world.window();
    await page.goto(`${world.url}/anmelden`);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByRole('alert').getByRole('link', { name: 'Bitte ausfüllen: Benutzername' }).click();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'name', 'the summary leads to the field');
    await page.getByLabel('Benutzername').fill(ben.name);
    await page.getByLabel('Passwort', { exact: true }).fill('falsch');
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByText('Name oder Passwort stimmen nicht').waitFor();
    assert.equal(await page.getByLabel('Benutzername').inputValue(), ben.name);
  });

  await test('the session ends with the window, unless one asked to stay', async () => {
    const page = await world.signedIn(ben);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    const stored = await page.evaluate(() => Object.keys(sessionStorage));
    assert.deepEqual(stored, ['runde.session'], 'nothing else is kept');
    assert.equal(await page.evaluate(() => document.cookie), '');

    const other = await page.context().newPage();
    await other.goto(`${world.url}/mitglieder`);
    await other.getByRole('heading', { name: 'Willkommen in der Runde' }).waitFor();
    await other.goto(`${world.url}/anmelden`);
    await other.getByLabel('Benutzername').fill(ben.name);
    await other.getByLabel('Passwort', { exact: true }).fill(ben.password);
    await other.getByLabel('Auf diesem Gerät angemeldet bleiben').check();
    await other.getByRole('button', { name: 'Anmelden' }).click();
    await other.getByRole('heading', { name: /^Guten Tag/ }).waitFor();
    const third = await page.context().newPage();
    await third.goto(`${world.url}/mitglieder`);
    await third.getByRole('heading', { name: /^Guten Tag/ }).waitFor();
  });

  await test('registering takes a name, a password and no e-mail', async () => {
    const page = await world.window();
    await page.goto(`${world.url}/registrieren`);
    await page.getByLabel('Benutzername').fill(ben.name);
    await page.getByLabel('Passwort', { exact: true }).fill('noch mehr kleine Wolken');
    await page.getByText('Dieser Name ist schon vergeben').waitFor();
    await page.getByLabel('Benutzername').fill(world.newName('dora'));
    for (const box of await page.getByRole('checkbox', { name: /einverstanden/ }).all()) await box.check();
    await page.getByRole('button', { name: 'Konto anlegen' }).click();
    await page.getByRole('heading', { name: /^Guten Tag, dora/ }).waitFor();
    await page.getByText('Sie sind noch in keinem Forum').waitFor();
  });

  await test('an invitation is accepted, another declined', async () => {
    const board = await anna.createForum('Vorstand', { preset: 'private_chat', invite: [ben.userId] });
    const page = await world.signedIn(ben);
    await page.getByText('Eingeladen von Anna').waitFor();
    await page.getByRole('button', { name: 'Einladung zu Vorstand annehmen' }).click();
    await page.getByRole('heading', { level: 1, name: 'Vorstand' }).waitFor();
    assert.ok(page.url().includes(board.slice(1).split(':')[0]));

    await anna.createForum('Festausschuss', { preset: 'private_chat', invite: [ben.userId] });
    await page.getByRole('link', { name: 'Übersicht' }).click();
    await page.getByRole('button', { name: 'Einladung zu Festausschuss ablehnen' }).click();
    await page.getByText('Festausschuss').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('link', { name: 'Vorstand' }).waitFor();
    assert.equal(await page.getByText('Festausschuss').count(), 0);
  });

  await test('a conversation: read, write, new posts appear', async () => {
    const chat = await anna.createChat('Kaffeerunde', [ben.userId]);
    await anna.say(chat, 'Guten Morgen!');
    await ben.join(chat);
    const page = await world.signedIn(ben);
    await page.getByRole('link', { name: 'Kaffeerunde' }).click();
    await page.getByText('Guten Morgen!').waitFor();
    await page.getByLabel('Ihre Nachricht').fill('Moin, Anna.');
    await page.getByRole('button', { name: 'Absenden' }).click();
    await page.getByRole('article').filter({ hasText: 'Moin, Anna.' }).waitFor();
    await anna.say(chat, 'Schön, dass du da bist.');
    await page.getByText('Schön, dass du da bist.').waitFor();
  });

  await test('what another app formatted is shown, and can do no harm', async () => {
    const chat = await anna.createChat('Formatiert', [ben.userId]);
    await ben.join(chat);
    const html =
      '<p>Drei <strong>Fragen</strong></p><ul><li>eins</li></ul><img src="https://evil.test/x.png" alt="Bild" onerror="window.harmed=1">' +
      '<script>window.harmed=2</script><a href="javascript:window.harmed=3">böse</a><a href="https://example.org/">gut</a>' +
      '<iframe src="https://evil.test"></iframe><p style="position:fixed" onclick="window.harmed=4">Text</p>';
    await anna.say(chat, 'Drei Fragen', undefined, { format: 'org.matrix.custom.html', formatted_body: html });
    const page = await world.signedIn(ben);
    await page.getByRole('link', { name: 'Formatiert' }).click();
    const post = page.getByRole('article').filter({ hasText: 'Fragen' });
    await post.locator('strong', { hasText: 'Fragen' }).waitFor();
    await post.getByRole('listitem').filter({ hasText: 'eins' }).waitFor();
    assert.deepEqual(await post.locator('.text a').evaluateAll((links) => links.map((link) => link.href)), ['https://example.org/']);
    assert.equal(await post.locator('img, script, iframe, [style], [onclick]').count(), 0);
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    // Chromium names the inline handlers and styles that the policy would stop, though they never reach the page.
    world.requireNothingStrange(/inline (event handler|style)/);
  });

  await test('display name, password and devices', async () => {
    const emma = await world.account('emma');
    const page = await world.signedIn(emma);
    const elsewhere = await world.signedIn(emma);
    await page.getByRole('link', { name: 'Ihr Konto' }).click();
    await page.getByLabel('Angezeigter Name').fill('Emma B.');
    await page.getByRole('button', { name: 'Speichern' }).click();
    await page.getByRole('status').filter({ hasText: 'Gespeichert' }).waitFor();
    assert.equal((await emma.call('GET', `/_matrix/client/v3/profile/${encodeURIComponent(emma.userId)}`)).displayname, 'Emma B.');

    await page.getByRole('button', { name: /^Runde .* abmelden$/ }).first().click();
    await page.getByLabel('Zur Sicherheit Ihr Passwort').fill('falsch');
    await page.getByRole('button', { name: /^Runde .* abmelden$/ }).click();
    await page.getByText('Name oder Passwort stimmen nicht').waitFor();
    await page.getByLabel('Zur Sicherheit Ihr Passwort').fill(emma.password);
    await page.getByRole('button', { name: /^Runde .* abmelden$/ }).click();
    await page.getByText('Das Gerät ist abgemeldet').waitFor();
    await elsewhere.getByText('Ihre Sitzung ist beendet').or(elsewhere.getByRole('heading', { name: 'Willkommen in der Runde' })).first().waitFor();

    await page.getByLabel('Bisheriges Passwort').fill(emma.password);
    await page.getByLabel('Neues Passwort').fill('ganz andere Wolken');
    await page.getByRole('button', { name: 'Passwort ändern' }).click();
    await page.getByText('Das Passwort ist geändert').waitFor();
    emma.password = 'ganz andere Wolken';
    await page.getByRole('button', { name: 'Abmelden', exact: true }).click();
    await page.getByRole('heading', { name: 'Willkommen in der Runde' }).waitFor();
    await world.signedIn(emma);
  });

  await test('in Du, on this page and on those that the server draws', async () => {
    const page = await world.signedIn(ben);
    await choose(page, 'Sprache', 'du');
    await page.getByRole('heading', { name: 'Hallo, Ben' }).waitFor();
    await page.getByRole('link', { name: 'Startseite' }).click();
    await page.getByText('unter dem Namen, den du selbst wählst').waitFor();
    await page.getByRole('link', { name: 'Deutsch (Sie)' }).click();
    await page.getByText('unter dem Namen, den Sie selbst wählen').waitFor();
    // Who is signed in is spoken to as chosen there.
    const elsewhere = await world.signedIn(ben, {}, /^Hallo/);
    await choose(elsewhere, 'Sprache', 'sie');
    await elsewhere.getByRole('heading', { name: 'Guten Tag, Ben' }).waitFor();
  });

  await test('in English, and it stays English', async () => {
    const page = await world.signedIn(ben);
    await choose(page, 'Sprache', 'en');
    await page.getByRole('heading', { name: 'Hello, Ben' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    await page.reload();
    await page.getByRole('heading', { name: 'Hello, Ben' }).waitFor();
    await choose(page, 'Language', 'sie');
    await page.getByRole('heading', { name: 'Guten Tag, Ben' }).waitFor();

    const visitor = await world.window({ locale: 'en-GB' });
    await visitor.goto(`${world.url}/mitglieder`);
    await visitor.getByRole('heading', { name: 'Welcome to the circle' }).waitFor();
  });

  await test('without a connection the page says so, keeps what was written, and catches up', async () => {
    const forum = await anna.createForum('Verbindung');
    await ben.join(forum);
    const root = await ben.say(forum, 'Hört ihr mich?\n\nHallo.');
    const page = await world.signedIn(ben);
    await page.goto(`${world.url}/forum/${forum.slice(1)}/${root.slice(1)}`);
    await page.getByLabel('Ihre Antwort').fill('Noch da?');
    await page.context().setOffline(true);
    await page.getByText('Keine Verbindung').waitFor({ timeout: 40_000 });
    await page.getByRole('button', { name: 'Absenden' }).click();
    await page.getByText(/Nicht gesendet/).waitFor();
    await anna.say(forum, 'Ja, wir sind noch da.', root);
    await page.context().setOffline(false);
    await page.getByText('Ja, wir sind noch da.').waitFor({ timeout: 40_000 });
    assert.equal(await page.getByLabel('Ihre Antwort').inputValue(), 'Noch da?');
    await page.getByRole('button', { name: 'Absenden' }).click();
    await page.getByRole('article').filter({ hasText: 'Noch da?' }).waitFor();
  });

  await test('the quick exit leaves at once, by click and by Esc, and leaves no session behind', async () => {
    for (const leave of [(page) => page.getByRole('link', { name: 'Seite schnell verlassen' }).click(), pressEscThrice]) {
      const page = await world.signedIn(ben);
      await page.context().route('https://www.dwd.de/**', (route) => route.fulfill({ body: '<h1>Das Wetter</h1>', contentType: 'text/html' }));
      const before = await page.evaluate(() => history.length);
      await leave(page);
      await page.getByRole('heading', { name: 'Das Wetter' }).waitFor();
      assert.equal(await page.evaluate(() => history.length), before, 'the entry was replaced');
      await page.goBack();
      await page.goto(`${world.url}/mitglieder`);
      await page.getByRole('heading', { name: 'Willkommen in der Runde' }).waitFor();
    }
    world.requireNothingStrange(/^asked https:\/\/www\.dwd\.de\/$/);
  });

  await test('what tabs and history show names no group and no topic', async () => {
    const forum = await anna.createForum('Angst und Panik');
    const root = await anna.say(forum, 'Meine erste Panikattacke\n\nEs war nachts.');
    const page = await world.signedIn(anna);
    for (const path of [`/forum/${forum.slice(1)}`, `/forum/${forum.slice(1)}/${root.slice(1)}`, `/forum/${forum.slice(1)}/neu`]) {
      await page.goto(world.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.doesNotMatch(await page.title(), /Panik|Angst/);
      assert.match(await page.title(), /\S – Runde$/);
    }
  });
}

async function pressEscThrice(page) {
  await page.keyboard.press('Escape');
  await page.getByRole('status').filter({ hasText: 'Noch 2-mal Esc' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
}

/** Chooses how the page speaks, and waits until the server knows. */
async function choose(page, label, tone) {
  const kept = page.waitForResponse((response) => response.url().endsWith('org.runde.settings') && response.request().method() === 'PUT');
  await page.getByLabel(label).selectOption(tone);
  await kept;
}
