import { beforeAll, describe, expect, test, vi } from 'vitest';

import type * as Router from '../src/state/router.svelte';

let router: typeof Router;
beforeAll(async () => {
  vi.stubGlobal('location', { href: 'http://runde.test/', origin: 'http://runde.test' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('history', {});
  vi.stubGlobal('document', { addEventListener: () => undefined });
  router = await import('../src/state/router.svelte');
});

const pathOf = (link: string) => new URL(link, 'http://runde.test').pathname;

describe('addresses', () => {
  test.each(['!Zm9ydW0', '!abc:runde.test', '!ab:runde.test:8448'])('lead back to room %s', (roomId) => {
    expect(router.pageOf(pathOf(router.links.forum(roomId)))).toEqual({ name: 'forum', roomId });
    expect(router.pageOf(pathOf(router.links.newTopic(roomId)))).toEqual({ name: 'new-topic', roomId });
    expect(router.pageOf(pathOf(router.links.forumSettings(roomId)))).toEqual({ name: 'forum-settings', roomId });
    expect(router.pageOf(pathOf(router.links.chat(roomId)))).toEqual({ name: 'chat', roomId });
    for (const rootId of ['$Ab_-9', '$143:runde.test', '$a/b+c']) {
      expect(router.pageOf(pathOf(router.links.topic(roomId, rootId)))).toEqual({ name: 'topic', roomId, rootId });
      expect(router.pageOf(pathOf(router.links.permalink(roomId, rootId)))).toEqual({ name: 'permalink', roomId, eventId: rootId });
    }
  });

  test('carry no sigil, at which mail programs cut links', () => {
    expect(router.links.permalink('!abc:runde.test', '$xyz')).toBe('/r/abc:runde.test/xyz');
    expect(router.links.topic('!abc', '$root', '$answer')).toBe('/forum/abc/root?beitrag=answer');
    expect(router.links.topic('!abc', '$root', '$root')).toBe('/forum/abc/root');
  });

  test('with sigils are understood, too', () => {
    expect(router.pageOf('/r/!abc/$xyz')).toEqual({ name: 'permalink', roomId: '!abc', eventId: '$xyz' });
  });

  test.each(['/', '/gruppen', '/nirgends', '/forum/a/b/c', '/r/a', '/chat/a/b', '/forum/%E0%A4%A'])('%s is no page', (path) => {
    expect(router.pageOf(path)).toEqual({ name: 'missing' });
  });

  test('after signing in nobody is sent to another server', () => {
    expect(router.safeReturn('/forum/abc')).toBe('/forum/abc');
    for (const target of ['//evil.test', '/\\evil.test', 'https://evil.test', 'javascript:alert(1)', '', null])
      expect(router.safeReturn(target)).toBe('/mitglieder');
  });
});
