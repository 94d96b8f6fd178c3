// The open pages: for everybody, without an account, without a script, in every size, light and dark.
import assert from 'node:assert/strict';

import { focusName, tabTo } from '../support/keyboard.mjs';

export const SIZES = {
  'on a large screen': { viewport: { width: 1100, height: 800 } },
  'in the dark': { viewport: { width: 390, height: 800 }, colorScheme: 'dark' },
  'on a phone of 320 px': { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
};
const PAGES = { '/': 'front', '/gruppen': 'groups', '/grundsaetze': 'principles', '/krise': 'crisis', '/impressum': 'imprint', '/datenschutz': 'privacy', '/hausregeln': 'house-rules', '/barrierefreiheit': 'accessibility', '/antrag': 'sign-in', '/nirgends': 'missing' };
const BUDGET = 50 * 1024;

export default async function (world, test) {
  for (const [size, options] of Object.entries(SIZES)) {
    await test(`axe finds nothing ${size}`, async () => {
      const page = await world.window(options);
      for (const [path, name] of Object.entries(PAGES)) {
        await page.goto(world.url + path);
        await world.requireAccessible(page, path);
        await world.picture(page, `open-${name}-${options.viewport.width}`, { fullPage: true });
      }
    });
  }

  await test('Du, Leichte Sprache and English by a link, and it stays', async () => {
    const page = await world.window({ javaScriptEnabled: false });
    await page.goto(`${world.url}/?q=1`);
    await page.getByText('unter dem Namen, den Sie selbst wählen').waitFor();
    await page.getByRole('link', { name: 'Leichte Sprache' }).click();
    await page.getByText('In einer Selbst-Hilfe-Gruppe treffen sich Menschen.').waitFor();
    await world.picture(page, 'open-front-leicht', { fullPage: true });
    await page.goto(`${world.url}/krise`);
    await page.getByText('Telefon-Seelsorge: reden').waitFor();
    await page.getByRole('link', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Help in a crisis' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    assert.equal((await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join(), 'runde_sprache=en');
  });

  await test('by keyboard alone: first the way out, then the content, then everything', async () => {
    // Without smooth scrolling, which is still under way when the focus is looked at.
    const page = await world.window({ reducedMotion: 'reduce' });
    await page.goto(world.url);
    await page.keyboard.press('Tab');
    assert.equal(await focusName(page), 'Seite schnell verlassen');
    await page.keyboard.press('Tab');
    assert.equal(await focusName(page), 'Zum Inhalt springen');
    await page.keyboard.press('Enter');
    await tabTo(page, /Worum geht es Ihnen/);
    await page.keyboard.type('Trauer');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Gruppen' }).waitFor();
    assert.equal(await page.getByLabel('Worum geht es Ihnen?').inputValue(), 'Trauer');
    await tabTo(page, 'Neun Grundsätze');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Neun Grundsätze' }).waitFor();
  });

  await test('the quick exit leaves at once, by click and by Esc, and replaces this entry of the history', async () => {
    for (const leave of [(page) => page.getByRole('link', { name: 'Seite schnell verlassen' }).click(), pressEscThrice]) {
      const page = await world.window();
      await page.context().route('https://www.dwd.de/**', (route) => route.fulfill({ body: '<h1>Das Wetter</h1>', contentType: 'text/html' }));
      await page.goto(`${world.url}/krise`);
      const before = await page.evaluate(() => history.length);
      await leave(page);
      await page.getByRole('heading', { name: 'Das Wetter' }).waitFor();
      assert.equal(await page.evaluate(() => history.length), before);
    }
    world.requireNothingStrange(/^asked https:\/\/www\.dwd\.de\/$/);
  });

  await test('every page with all that belongs to it is less than 50 KB', async () => {
    for (const path of Object.keys(PAGES)) {
      const page = await world.window();
      const lengths = [];
      page.on('response', (response) => lengths.push(response.headerValue('content-length')));
      await page.goto(world.url + path, { waitUntil: 'networkidle' });
      const weight = (await Promise.all(lengths)).reduce((sum, length) => sum + Number(length), 0);
      assert.ok(weight > 1000 && weight < BUDGET, `${path}: ${weight} bytes`);
      await page.context().close();
    }
  });

  await test('what tabs and history show names no group', async () => {
    const page = await world.window();
    for (const path of Object.keys(PAGES)) {
      await page.goto(world.url + path);
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
