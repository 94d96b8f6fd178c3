import { afterEach, expect, test, vi } from 'vitest';

import { Connection, path, Refused, Unreachable } from '../src/matrix/http';

function answering(...answers: [number, unknown][]): { asked: string[]; connection: Connection; ended: () => number } {
  const asked: string[] = [];
  let ended = 0;
  vi.stubGlobal('fetch', (where: string) => {
    const [status, body] = answers[Math.min(asked.push(where), answers.length) - 1]!;
    return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }));
  });
  return { asked, connection: new Connection(() => 'token', () => 'de', () => ended++), ended: () => ended };
}

afterEach(() => vi.unstubAllGlobals());

test('an id is always one segment of a path', () => {
  expect(path`/rooms/${'!a/../b:c'}/event/${'$x?y#z'}`).toBe('/rooms/!a%2F..%2Fb%3Ac/event/%24x%3Fy%23z');
});

test('empty query values are left out, lists repeat', async () => {
  const { asked, connection } = answering([200, {}]);
  await connection.get('/search', { query: { q: 'ä b', from: undefined, tag: '', room_id: ['!a', '!b'] } });
  expect(asked).toEqual(['/search?q=%C3%A4+b&room_id=%21a&room_id=%21b']);
});

test('a refusal keeps its errcode', async () => {
  const { connection, ended } = answering([403, { errcode: 'ORG.RUNDE.TOPIC_CLOSED', error: 'zu' }]);
  const error = await connection.get('/x').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({ status: 403, errcode: 'ORG.RUNDE.TOPIC_CLOSED', message: 'zu' });
  expect(ended()).toBe(0);
});

test('an unknown token ends the session', async () => {
  const { connection, ended } = answering([401, { errcode: 'M_UNKNOWN_TOKEN', error: '' }]);
  await expect(connection.get('/x')).rejects.toBeInstanceOf(Refused);
  expect(ended()).toBe(1);
});

test('stages of authentication are an answer of the server, without an errcode', async () => {
  const { connection } = answering([401, { flows: [], session: 's' }]);
  await expect(connection.get('/x')).rejects.toMatchObject({ status: 401, errcode: '' });
});

test('a proxy that speaks HTML is no answer', async () => {
  const { connection } = answering([502, '<h1>Bad gateway</h1>']);
  await expect(connection.get('/x')).rejects.toBeInstanceOf(Unreachable);
});

test('a short wait that the server asks for is waited', async () => {
  const { asked, connection } = answering([429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 5 }], [200, { ok: true }]);
  await expect(connection.get('/x')).resolves.toEqual({ ok: true });
  expect(asked).toHaveLength(2);
});

test('a long wait is told to the person', async () => {
  const { asked, connection } = answering([429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 600_000 }]);
  await expect(connection.get('/x')).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  expect(asked).toHaveLength(1);
});
