/**
 * One topic: its first post, a window of its answers, and its state.
 *
 * A topic may have ten thousand answers, so only a window is loaded: from the beginning, around a post that somebody was
 * sent to, or the newest. New answers join the window only where it reaches the end; otherwise they are counted.
 */
import { asObject, relation, topicState } from '../matrix/content';
import { path, Refused } from '../matrix/http';
import type { Json, MatrixEvent, TopicState } from '../matrix/types';
import { applyAnnotation, Post, PostList } from './posts.svelte';
import type { Room } from './rooms.svelte';
import { session } from './session.svelte';
import { sync } from './sync.svelte';
import { edit, markRead, sendMessage } from './writing';

const PAGE = 50;
const MOST_REACTION_PAGES = 20;

interface Page {
  chunk: MatrixEvent[];
  next_batch?: string;
}

export class Topic {
  status = $state<'loading' | 'ready' | 'missing' | 'failed'>('loading');
  root = $state.raw<Post | undefined>();
  readonly replies = new PostList();
  settings = $state.raw<TopicState>(topicState({}));
  /** When a moderator last changed the settings: reopening begins the quiet time anew. */
  #settledAt = $state(0);
  /** Where older and newer answers continue; undefined at the beginning and at the end. */
  before = $state<string | undefined>();
  after = $state<string | undefined>();
  /** Answers that arrived beyond the window. */
  missed = $state(0);
  /** The answers that arrived while somebody was reading; announced politely. */
  arrived = $state.raw<Post[]>([]);

  readonly #room: Room;
  readonly #rootId: string;
  #readUpTo = '';
  #stopListening: () => void;

  constructor(room: Room, rootId: string) {
    this.#room = room;
    this.#rootId = rootId;
    this.#stopListening = sync.listen((roomId, events, limited) => {
      if (roomId === room.id && this.status === 'ready') this.#live(events, limited);
    });
  }

  close(): void {
    this.#stopListening();
  }

  get id(): string {
    return this.#rootId;
  }
  /** Why nobody may answer any more: a moderator decided so, or nobody wrote for as long as the forum's rules say. */
  get closed(): '' | 'moderator' | 'quiet' {
    if (this.settings.state === 'closed') return this.settings.closed_reason ?? 'moderator';
    const days = this.#room.closesAfterDays;
    if (days === 0 || this.after || !this.root) return '';
    const lastSign = Math.max(this.root.sentAt, this.replies.last?.sentAt ?? 0, this.#settledAt);
    return Date.now() - lastSign > days * 86_400_000 ? 'quiet' : '';
  }
  find(eventId: string): Post | undefined {
    return this.root?.id === eventId ? this.root : this.replies.get(eventId);
  }

  /** Loads from the beginning, or around `eventId` when that answer is further in. */
  async load(eventId?: string): Promise<void> {
    this.status = 'loading';
    try {
      void this.#room.loadNames();
      const [root] = await Promise.all([this.#event(this.#rootId), this.#loadSettings()]);
      this.root = new Post(root);
      await this.#loadFrom(undefined);
      if (eventId && !this.find(eventId)) await this.#loadAround(eventId);
      this.status = 'ready';
      void this.#loadReactions();
    } catch (error) {
      this.status = error instanceof Refused && (error.status === 404 || error.status === 403) ? 'missing' : 'failed';
    }
  }

  async loadEarlier(): Promise<void> {
    const page = await this.#page('b', this.before);
    this.replies.prepend(page.chunk.reverse());
    this.before = page.next_batch;
  }

  async loadLater(): Promise<void> {
    const page = await this.#page('f', this.after);
    this.#appendAll(page.chunk);
    this.after = page.next_batch;
    if (!this.after) this.missed = 0;
  }

  async loadNewest(): Promise<void> {
    const page = await this.#page('b');
    this.replies.clear();
    this.#appendAll(page.chunk.reverse());
    this.before = page.next_batch;
    this.after = undefined;
    this.missed = 0;
    void this.#loadReactions();
  }

  /** Resolves when the server has the answer. `to`: the post that it answers in particular. */
  async answer(body: string, to?: Post): Promise<void> {
    const content = {
      msgtype: 'm.text',
      body,
      'm.relates_to': {
        rel_type: 'm.thread',
        event_id: this.#rootId,
        is_falling_back: to === undefined,
        'm.in_reply_to': { event_id: to?.id ?? this.replies.last?.id ?? this.#rootId },
      },
    };
    const event_id = await sendMessage(this.#room.id, content);
    if (this.after) await this.loadNewest();
    const event = { event_id, type: 'm.room.message', sender: session.userId, origin_server_ts: Date.now(), content };
    this.replies.appendEarly(event);
  }

  async change(post: Post, body: string): Promise<void> {
    const event_id = await edit(this.#room.id, post.id, body);
    const content: Json = { 'm.new_content': { msgtype: 'm.text', body } };
    post.edit({ event_id, type: 'm.room.message', sender: session.userId, origin_server_ts: Date.now(), content });
  }

  /** For moderators: closes, pins, tags. The server checks who may. */
  async set(changes: Partial<TopicState>): Promise<void> {
    const next: TopicState = { ...this.settings, ...changes };
    if (changes.state === 'closed') next.closed_reason = 'moderator';
    if (changes.state === 'open') delete next.closed_reason;
    await session.server.put(path`/_matrix/client/v3/rooms/${this.#room.id}/state/org.runde.topic/${this.#rootId}`, next);
    this.settings = next;
    this.#settledAt = Date.now();
  }

  /** Everything up to the newest answer counts as read; once per answer. */
  async markRead(): Promise<void> {
    const newest = this.replies.last?.id ?? this.#rootId;
    if (this.after || this.status !== 'ready' || newest === this.#readUpTo) return;
    this.#readUpTo = newest;
    // For this topic alone, so that reading the newest does not make the answers in older ones read.
    // The first post is counted in the room's main line, too, and only a receipt there ends that.
    await Promise.all([
      markRead(this.#room.id, newest, this.#rootId),
      markRead(this.#room.id, this.#rootId, 'main'),
    ]).catch(() => (this.#readUpTo = ''));
  }

  async #loadFrom(from: string | undefined): Promise<void> {
    const page = await this.#page('f', from);
    this.replies.clear();
    this.#appendAll(page.chunk);
    this.before = undefined;
    this.after = page.next_batch;
    this.missed = 0;
  }

  async #loadAround(eventId: string): Promise<void> {
    const context = await session.server
      .get<{ event: MatrixEvent; start: string; end: string }>(path`/_matrix/client/v3/rooms/${this.#room.id}/context/${eventId}`, {
        query: { limit: 0 },
      })
      .catch(() => undefined);
    if (!context || relation(context.event)?.target !== this.#rootId) return;
    const [older, newer] = await Promise.all([this.#page('b', context.start), this.#page('f', context.end)]);
    this.replies.clear();
    this.#appendAll([...older.chunk.reverse(), context.event, ...newer.chunk]);
    this.before = older.next_batch;
    this.after = newer.next_batch;
  }

  /** Reactions stand in no page of answers; these requests bring those of the whole topic. */
  async #loadReactions(): Promise<void> {
    const where = path`/_matrix/client/v1/rooms/${this.#room.id}/relations/${this.#rootId}/m.annotation`;
    let from: string | undefined;
    for (let pages = 0; pages < MOST_REACTION_PAGES; pages++) {
      const query = { recurse: true, dir: 'b', limit: 100, from };
      const page = await session.server.get<Page>(where, { query }).catch((): Page => ({ chunk: [] }));
      for (const event of page.chunk) this.#annotate(event);
      from = page.next_batch;
      if (!from) return;
    }
  }

  #live(events: MatrixEvent[], limited: boolean): void {
    const fresh: MatrixEvent[] = [];
    for (const event of events) {
      if (event.type === 'org.runde.topic' && event.state_key === this.#rootId) this.#settle(event);
      else if (event.type === 'm.room.message' && this.#isAnswer(event)) fresh.push(event);
      else this.#annotate(event);
    }
    if (this.after) this.missed += fresh.length;
    else this.#arrive(this.#appendAll(fresh));
    if (limited) void this.#catchUp();
  }

  /** After a gap: whatever of the newest page is not here yet. */
  async #catchUp(): Promise<void> {
    await this.#loadSettings();
    if (this.after) return;
    const page = await this.#page('b');
    this.#arrive(this.#appendAll(page.chunk.reverse()));
  }

  #arrive(posts: Post[]): void {
    const ofOthers = posts.filter((post) => post.sender !== session.userId);
    if (ofOthers.length > 0) this.arrived = ofOthers;
  }

  #appendAll(events: MatrixEvent[]): Post[] {
    return this.replies.append(events.filter((event) => event.type === 'm.room.message' && event.state_key === undefined));
  }

  #annotate(event: MatrixEvent): void {
    this.replies.annotate(event);
    if (this.root) applyAnnotation(new Map([[this.#rootId, this.root]]), event);
  }

  #isAnswer(event: MatrixEvent): boolean {
    const relates = relation(event);
    return relates?.type === 'm.thread' && relates.target === this.#rootId;
  }

  #event(eventId: string): Promise<MatrixEvent> {
    return session.server.get<MatrixEvent>(path`/_matrix/client/v3/rooms/${this.#room.id}/event/${eventId}`);
  }

  async #loadSettings(): Promise<void> {
    const where = path`/_matrix/client/v3/rooms/${this.#room.id}/state/org.runde.topic/${this.#rootId}`;
    const event = await session.server.get<MatrixEvent>(where, { query: { format: 'event' } }).catch(() => undefined);
    if (event) this.#settle(event);
  }

  #settle(event: MatrixEvent): void {
    this.settings = topicState(asObject(event.content));
    this.#settledAt = event.origin_server_ts;
  }

  #page(dir: 'b' | 'f', from?: string): Promise<Page> {
    const where = path`/_matrix/client/v1/rooms/${this.#room.id}/relations/${this.#rootId}/m.thread`;
    return session.server.get<Page>(where, { query: { dir, from, limit: PAGE } });
  }
}
