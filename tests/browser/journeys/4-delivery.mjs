// How the page is delivered: small, cacheable, under a strict policy, and as a page of its own without script.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';

const BUDGET = 150 * 1024;

export default async function (world, test) {
  await test('the first view loads less than 150 KB of compressed script', async () => {
    const page = await world.window();
    const scripts = [];
    page.on('response', (response) => response.request().resourceType() === 'script' && scripts.push(response));
    await page.goto(`${world.url}/mitglieder`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok(scripts.length > 0);
    let total = 0;
    for (const script of scripts) {
      assert.equal(await script.headerValue('content-encoding'), 'gzip');
      total += Number(await script.headerValue('content-length'));
    }
    console.log(`        ${scripts.length} scripts, ${Math.round(total / 1024)} KB compressed`);
    assert.ok(total < BUDGET, `${total} bytes`);
  });

  await test('pages and files carry the policy, and are cached as they should be', async () => {
    for (const path of ['/mitglieder', '/anmelden', '/forum/a/b', '/chat/a', '/r/a/b', '/suche']) {
      const { status, headers } = await get(world, path);
      assert.equal(status, 200, path);
      assert.equal(headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(headers['cache-control'], 'no-cache');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      const policy = headers['content-security-policy'];
      for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
        assert.ok(policy.split('; ').includes(rule), `${path}: ${rule}`);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    }
    const { body, headers } = await get(world, '/mitglieder');
    assert.equal((await get(world, '/mitglieder', { 'If-None-Match': headers.etag })).status, 304);
    assert.equal((await get(world, '/mitglieder', { 'If-None-Match': '"else"' })).status, 200);

    const script = /src="(\/assets\/[^"]+\.js)"/.exec(body.toString())[1];
    const plain = await get(world, script);
    assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(plain.headers['content-encoding'], undefined);
    const packed = await get(world, script, { 'Accept-Encoding': 'br, gzip;q=0.5' });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(gunzipSync(packed.body).equals(plain.body));
    assert.equal((await get(world, script, { 'Accept-Encoding': 'gzip;q=0' })).headers['content-encoding'], undefined);
    assert.doesNotMatch(body.toString(), /<script(?![^>]* src=)|<style|style=|onclick=/, 'nothing inline');
  });

  await test('what is not there is refused', async () => {
    for (const path of ['/assets/nichts.js', '/assets/../index.html', '/nirgends']) assert.equal((await get(world, path)).status, 404, path);
    assert.equal((await get(world, '/mitglieder', {}, 'DELETE')).status, 405);
  });

  await test('without script there is the way out and what to do', async () => {
    const page = await world.window({ javaScriptEnabled: false });
    await page.goto(`${world.url}/mitglieder`);
    // Playwright's text search skips <noscript>.
    await page.locator('noscript p').first().waitFor();
    assert.equal(await page.getByRole('link', { name: 'Seite schnell verlassen' }).getAttribute('href'), 'https://www.dwd.de/');
  });
}

/** Without fetch, which decompresses and normalises what this wants to see. */
function get(world, path, headers = {}, method = 'GET') {
  return new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', port: world.server.port, path, method, headers }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    asked.once('error', reject);
    asked.end();
  });
}
