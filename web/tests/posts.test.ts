import { describe, expect, test } from 'vitest';

import { withLinks } from '../src/matrix/rich';
import type { Json, MatrixEvent } from '../src/matrix/types';
import { Post, PostList } from '../src/state/posts.svelte';

let clock = 1000;
function event(event_id: string, sender: string, content: Json, type = 'm.room.message'): MatrixEvent {
  return { event_id, sender, content, type, origin_server_ts: clock++ };
}
const message = (id: string, sender: string, body: string) => event(id, sender, { msgtype: 'm.text', body });
const edit = (id: string, sender: string, target: string, body: string) =>
  event(id, sender, { body: `* ${body}`, 'm.new_content': { msgtype: 'm.text', body }, 'm.relates_to': { rel_type: 'm.replace', event_id: target } });
const reaction = (id: string, sender: string, target: string, key: string) =>
  event(id, sender, { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } }, 'm.reaction');

describe('posts', () => {
  test('are changed by their author alone', () => {
    const posts = new PostList();
    posts.append([message('$1', '@anna:a', 'Hallo')]);
    expect(posts.annotate(edit('$2', '@ben:a', '$1', 'Böse'))).toBe(true);
    expect(posts.get('$1')).toMatchObject({ body: 'Hallo', edited: false });
    posts.annotate(edit('$3', '@anna:a', '$1', 'Guten Tag'));
    expect(posts.get('$1')).toMatchObject({ body: 'Guten Tag', edited: true });
  });

  test('an older edit that arrives late changes nothing', () => {
    const posts = new PostList();
    posts.append([message('$1', '@anna:a', 'eins')]);
    const late = edit('$2', '@anna:a', '$1', 'zwei');
    posts.annotate(edit('$3', '@anna:a', '$1', 'drei'));
    posts.annotate(late);
    expect(posts.get('$1')?.body).toBe('drei');
  });

  test('that were removed keep neither words nor reactions', () => {
    const posts = new PostList();
    posts.append([message('$1', '@anna:a', 'Hallo')]);
    posts.annotate(reaction('$2', '@ben:a', '$1', '❤️'));
    posts.annotate(event('$3', '@anna:a', { redacts: '$1' }, 'm.room.redaction'));
    expect(posts.get('$1')).toMatchObject({ removed: true, body: '' });
    expect(posts.get('$1')?.reactions.size).toBe(0);
  });

  test('a reaction counts once per person and goes when it is taken back', () => {
    const posts = new PostList();
    posts.append([message('$1', '@anna:a', 'Hallo')]);
    posts.annotate(reaction('$2', '@ben:a', '$1', '❤️'));
    posts.annotate(reaction('$2', '@ben:a', '$1', '❤️'));
    posts.annotate(reaction('$3', '@carl:a', '$1', '❤️'));
    expect(posts.get('$1')?.reactions.get('❤️')?.size).toBe(2);
    // Room versions before 11 name the target beside the content.
    posts.annotate({ ...event('$4', '@ben:a', {}, 'm.room.redaction'), redacts: '$2' });
    expect([...(posts.get('$1')?.reactions.get('❤️')?.keys() ?? [])]).toEqual(['@carl:a']);
  });

  test('shown early, they move to the place that the server gave them', () => {
    const posts = new PostList();
    const mine = message('$mine', '@anna:a', 'von mir');
    posts.appendEarly(mine);
    expect(posts.append([message('$before', '@ben:a', 'davor'), mine]).map((post) => post.id)).toEqual(['$before']);
    posts.append([mine]);
    expect(posts.all.map((post) => post.id)).toEqual(['$mine', '$before']);
  });

  test('nothing that a stranger sends breaks them', () => {
    for (const content of [{}, { msgtype: 7, body: null }, { msgtype: 'm.text', body: { a: 1 }, 'm.relates_to': 'x' }] as Json[])
      expect(new Post(event('$1', '@ben:a', content)).body).toBe('');
  });
});

describe('links in plain text', () => {
  test.each([
    ['Siehe https://a.test/x.', ['Siehe ', 'https://a.test/x', '.']],
    ['(https://a.test)', ['(', 'https://a.test', ')']],
    ['javascript:alert(1)', ['javascript:alert(1)']],
  ])('%s', (text, expected) => {
    expect(withLinks(text).map((part) => (part.kind === 'link' ? part.href : part.kind === 'text' ? part.text : ''))).toEqual(expected);
  });
});
