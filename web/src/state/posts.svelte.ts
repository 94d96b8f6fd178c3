/**
 * Posts as they are read: an event with the edits, reactions and removals that came after it. Used by a topic and by a
 * chat alike; which events belong in, and in which order, is theirs to know.
 */
import { SvelteMap } from 'svelte/reactivity';

import { asObject, asText, redactedId, relation, repliesTo } from '../matrix/content';
import { parseRich, withLinks, type Rich } from '../matrix/rich';
import type { Json, MatrixEvent } from '../matrix/types';

export class Post {
  readonly id: string;
  readonly sender: string;
  readonly sentAt: number;
  readonly answers: string | undefined;
  #content = $state.raw<Json>({});
  #editedAt = $state(0);
  removed = $state(false);
  /** Reaction -> (who -> event id). */
  readonly reactions = new SvelteMap<string, SvelteMap<string, string>>();

  constructor(event: MatrixEvent) {
    this.id = event.event_id;
    this.sender = event.sender;
    this.sentAt = event.origin_server_ts;
    this.answers = repliesTo(event);
    this.#content = event.content;
    this.removed = event.unsigned?.redacted_because !== undefined || asText(event.content['msgtype']) === '';
    const edit = asObject(event.unsigned?.['m.relations'])['m.replace'] as MatrixEvent | undefined;
    if (edit?.content) this.edit(edit);
  }

  readonly body = $derived(asText(this.#content['body']));
  readonly edited = $derived(this.#editedAt > 0);
  readonly isNotice = $derived(this.#content['msgtype'] === 'm.notice');
  readonly isEmote = $derived(this.#content['msgtype'] === 'm.emote');
  /** What the post carries besides words (picture, file, ...), which only its name shows for now. */
  readonly isAttachment = $derived(['m.image', 'm.file', 'm.audio', 'm.video', 'm.location'].includes(asText(this.#content['msgtype'])));

  /** The text to draw; `plain` may leave out the title of a topic's first post. */
  richOf(plain: string): Rich[] {
    const html = this.#content['formatted_body'];
    const formatted = this.#content['format'] === 'org.matrix.custom.html' && typeof html === 'string';
    return formatted ? parseRich(html) : withLinks(plain);
  }

  edit(event: MatrixEvent): void {
    if (event.sender !== this.sender || event.origin_server_ts < this.#editedAt || this.removed) return;
    const content = asObject(event.content['m.new_content']);
    if (!asText(content['body'])) return;
    this.#content = content;
    this.#editedAt = event.origin_server_ts;
  }

  remove(): void {
    this.removed = true;
    this.#content = {};
    this.reactions.clear();
  }

  react(key: string, sender: string, eventId: string): void {
    let people = this.reactions.get(key);
    if (!people) this.reactions.set(key, (people = new SvelteMap()));
    people.set(sender, eventId);
  }

  unreact(eventId: string): void {
    for (const [key, people] of this.reactions)
      for (const [sender, id] of people)
        if (id === eventId) {
          people.delete(sender);
          if (people.size === 0) this.reactions.delete(key);
        }
  }
}

/** Posts in reading order, each once. */
export class PostList {
  #order = $state.raw<Post[]>([]);
  readonly #byId = new Map<string, Post>();
  /** Sent by this page and shown before /sync told its place. */
  readonly #early = new Set<string>();

  get all(): readonly Post[] {
    return this.#order;
  }
  get last(): Post | undefined {
    return this.#order.at(-1);
  }
  get(eventId: string): Post | undefined {
    return this.#byId.get(eventId);
  }

  clear(): void {
    this.#order = [];
    this.#byId.clear();
    this.#early.clear();
  }

  /** Adds older posts in front. */
  prepend(events: MatrixEvent[]): void {
    this.#order = [...this.#fresh(events), ...this.#order];
  }

  /** Adds newer posts behind; one that was shown early moves to the place that the server gave it. */
  append(events: MatrixEvent[]): Post[] {
    const placed = events.map((event) => event.event_id).filter((id) => this.#early.delete(id));
    const moved = this.#order.filter((post) => placed.includes(post.id));
    const fresh = this.#fresh(events);
    this.#order = [...this.#order.filter((post) => !moved.includes(post)), ...moved, ...fresh];
    return fresh;
  }

  /** Our own post, as soon as the server has it. */
  appendEarly(event: MatrixEvent): void {
    if (this.append([event]).length > 0) this.#early.add(event.event_id);
  }

  /** Applies what `event` does to one of the posts. False when it does nothing to them: it may be a post itself. */
  annotate(event: MatrixEvent): boolean {
    return applyAnnotation(this.#byId, event);
  }

  #fresh(events: MatrixEvent[]): Post[] {
    const fresh: Post[] = [];
    for (const event of events) {
      if (this.#byId.has(event.event_id)) continue;
      const post = new Post(event);
      this.#byId.set(post.id, post);
      fresh.push(post);
    }
    return fresh;
  }
}

/** Applies to `posts` what `event` does to one of them. False when it does nothing to them: it may be a post itself. */
export function applyAnnotation(posts: ReadonlyMap<string, Post>, event: MatrixEvent): boolean {
  if (event.type === 'm.room.redaction') {
    const target = redactedId(event) ?? '';
    posts.get(target)?.remove();
    for (const post of posts.values()) post.unreact(target);
    return true;
  }
  const relates = relation(event);
  if (event.type === 'm.reaction') {
    if (relates?.key && !event.unsigned?.redacted_because) posts.get(relates.target)?.react(relates.key, event.sender, event.event_id);
    return true;
  }
  if (relates?.type === 'm.replace') {
    posts.get(relates.target)?.edit(event);
    return true;
  }
  return false;
}
