/** The rooms a person is in or invited to, kept current by sync.svelte.ts. */
import { SvelteMap } from 'svelte/reactivity';

import { asNumber, asObject, asText, asTexts, localpart } from '../matrix/content';
import { path } from '../matrix/http';
import type { JoinedRoom, Json, MatrixEvent, StrippedEvent } from '../matrix/types';
import { session } from './session.svelte';

type StateEvent = Pick<MatrixEvent, 'type' | 'sender' | 'content'> & { state_key?: string };

export class Room {
  membership = $state<'join' | 'invite' | 'knock'>('join');
  /** Who invited us. */
  inviter = $state('');
  unread = $state(0);
  highlights = $state(0);
  /** Display names of the members we know of; see nameOf(). */
  readonly names = new SvelteMap<string, string>();

  #type = $state('');
  #version = $state('1');
  #creators = $state.raw<string[]>([]);
  #name = $state('');
  #alias = $state('');
  #heroes = $state.raw<string[]>([]);
  topic = $state('');
  encrypted = $state(false);
  successor = $state('');
  #power = $state.raw<Json | undefined>(undefined);
  #forum = $state.raw<Json>({});
  #askedForMembers = false;

  constructor(readonly id: string) {}

  get isForum(): boolean {
    return this.#type === 'org.runde.forum';
  }
  /** Spaces and other special rooms are not for reading and writing. */
  get isChat(): boolean {
    return this.#type === '';
  }
  get name(): string {
    return this.#name || this.#alias || this.#heroes.map((user) => this.nameOf(user)).join(', ') || this.id;
  }
  /** The tags that this forum offers. */
  get tags(): string[] {
    return asTexts(this.#forum['tags']);
  }
  /** Quiet topics close after this many days; 0 when they do not. */
  get closesAfterDays(): number {
    return Math.max(0, asNumber(this.#forum['close_after_days'], 0));
  }

  nameOf(userId: string): string {
    return this.names.get(userId) || localpart(userId);
  }

  /** https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels, with the creators of room version 12. */
  powerOf(userId: string): number {
    if (this.#creators.includes(userId) && (this.#hasMightyCreators || !this.#power)) return Infinity;
    const levels = this.#power ?? {};
    return asNumber(asObject(levels['users'])[userId], asNumber(levels['users_default'], 0));
  }
  maySendState(type: string): boolean {
    return this.#mayAct(asNumber(asObject(this.#power?.['events'])[type], asNumber(this.#power?.['state_default'], this.#power ? 50 : 0)));
  }
  maySend(type: string): boolean {
    return this.#mayAct(asNumber(asObject(this.#power?.['events'])[type], asNumber(this.#power?.['events_default'], 0)));
  }
  get mayRemoveOthersPosts(): boolean {
    return this.#mayAct(asNumber(this.#power?.['redact'], 50)) && this.maySend('m.room.redaction');
  }

  apply(event: StateEvent): void {
    const { type, content, state_key } = event;
    if (type === 'm.room.member' && state_key) {
      const name = asText(content['displayname']);
      if (name) this.names.set(state_key, name);
      else this.names.delete(state_key);
      return;
    }
    if (state_key !== '') return;
    switch (type) {
      case 'm.room.create':
        this.#type = asText(content['type']);
        this.#version = asText(content['room_version'], '1');
        this.#creators = [event.sender, ...asTexts(content['additional_creators'])];
        break;
      case 'm.room.name': this.#name = asText(content['name']); break;
      case 'm.room.canonical_alias': this.#alias = asText(content['alias']); break;
      case 'm.room.topic': this.topic = asText(content['topic']); break;
      case 'm.room.encryption': this.encrypted = true; break;
      case 'm.room.power_levels': this.#power = content; break;
      case 'm.room.tombstone': this.successor = asText(content['replacement_room']); break;
      case 'org.runde.forum': this.#forum = content; break;
    }
  }

  applySync(data: JoinedRoom): void {
    this.membership = 'join';
    for (const event of data.state?.events ?? []) this.apply(event);
    for (const event of data.timeline?.events ?? []) if (event.state_key !== undefined) this.apply(event);
    if (data.summary?.['m.heroes']) this.#heroes = data.summary['m.heroes'];
    if (data.unread_notifications || data.unread_thread_notifications) {
      const counts = [data.unread_notifications ?? {}, ...Object.values(data.unread_thread_notifications ?? {})];
      this.unread = counts.reduce((sum, one) => sum + (one.notification_count ?? 0), 0);
      this.highlights = counts.reduce((sum, one) => sum + (one.highlight_count ?? 0), 0);
    }
  }

  applyInvite(events: StrippedEvent[]): void {
    this.membership = 'invite';
    for (const event of events) {
      this.apply(event);
      if (event.type === 'm.room.member' && event.state_key === session.userId) this.inviter = event.sender;
    }
  }

  /** /sync names only the senders it shows; a page of older posts needs everybody's name, once per room. */
  async loadNames(): Promise<void> {
    if (this.#askedForMembers) return;
    this.#askedForMembers = true;
    try {
      const answer = await session.server.get<{ joined: Record<string, { display_name?: string | null }> }>(
        path`/_matrix/client/v3/rooms/${this.id}/joined_members`,
      );
      for (const [user, { display_name }] of Object.entries(answer.joined)) if (display_name) this.names.set(user, display_name);
    } catch {
      this.#askedForMembers = false;
    }
  }

  get #hasMightyCreators(): boolean {
    return Number(this.#version) >= 12;
  }

  #mayAct(needed: number): boolean {
    return this.membership === 'join' && this.powerOf(session.userId) >= needed;
  }
}

class Rooms {
  readonly #all = new SvelteMap<string, Room>();
  /** False until the first /sync: an empty list means nothing before. */
  loaded = $state(false);

  get(roomId: string): Room | undefined {
    return this.#all.get(roomId);
  }
  joined(roomId: string): Room | undefined {
    const room = this.#all.get(roomId);
    return room?.membership === 'join' ? room : undefined;
  }

  readonly forums = $derived(this.#sorted((room) => room.membership === 'join' && room.isForum));
  readonly chats = $derived(this.#sorted((room) => room.membership === 'join' && room.isChat));
  readonly invitations = $derived(this.#sorted((room) => room.membership === 'invite'));

  make(roomId: string): Room {
    let room = this.#all.get(roomId);
    if (!room) this.#all.set(roomId, (room = new Room(roomId)));
    return room;
  }
  drop(roomId: string): void {
    this.#all.delete(roomId);
  }
  clear(): void {
    this.#all.clear();
    this.loaded = false;
  }

  #sorted(wanted: (room: Room) => boolean): Room[] {
    return [...this.#all.values()].filter((room) => wanted(room) && !room.successor).sort((a, b) => a.name.localeCompare(b.name, 'de'));
  }
}

export const rooms = new Rooms();
