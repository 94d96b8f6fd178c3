/** What a member does with posts: write, edit, remove, react. Both topics and chats do it this way. */
import { path } from '../matrix/http';
import type { Json } from '../matrix/types';
import { session } from './session.svelte';

/** Unique per device, as the spec asks: a repeated request with the same id is sent once. */
export function transactionId(): string {
  // Not randomUUID(): browsers offer that only over https, and a server in the house network may be reached without.
  return 'runde-' + Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}

export async function sendMessage(roomId: string, content: Json, transaction = transactionId()): Promise<string> {
  return sendEvent(roomId, 'm.room.message', content, transaction);
}

export async function sendEvent(roomId: string, type: string, content: Json, transaction = transactionId()): Promise<string> {
  const where = path`/_matrix/client/v3/rooms/${roomId}/send/${type}/${transaction}`;
  return (await session.server.put<{ event_id: string }>(where, content)).event_id;
}

/** https://spec.matrix.org/v1.19/client-server-api/#event-replacements */
export function edit(roomId: string, eventId: string, body: string): Promise<string> {
  const content = { msgtype: 'm.text', body };
  return sendMessage(roomId, {
    msgtype: 'm.text',
    body: `* ${body}`,
    'm.new_content': content,
    'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
  });
}

export async function remove(roomId: string, eventId: string): Promise<void> {
  await session.server.put(path`/_matrix/client/v3/rooms/${roomId}/redact/${eventId}/${transactionId()}`, {});
}

export function react(roomId: string, eventId: string, key: string): Promise<string> {
  return sendEvent(roomId, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: eventId, key } });
}

/** Private: nobody else learns what somebody has read, or when. Without `threadId` the whole room counts as read up to there. */
export async function markRead(roomId: string, eventId: string, threadId?: string): Promise<void> {
  const body = threadId ? { thread_id: threadId } : {};
  await session.server.post(path`/_matrix/client/v3/rooms/${roomId}/receipt/m.read.private/${eventId}`, body);
}
