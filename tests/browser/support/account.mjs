// What people do outside the page: through the Matrix API, as another app would.
import { createHmac } from 'node:crypto';

const PASSWORD = 'sieben kleine Wolken';


export class Account {
  constructor(url, name, { user_id, access_token }) {
    Object.assign(this, { url, name, userId: user_id, token: access_token, password: PASSWORD });
  }

  static async register(url, name, displayName) {
    const body = { username: name, password: PASSWORD, auth: { type: 'm.login.dummy' } };
    const account = new Account(url, name, await new Account(url, name, {}).call('POST', '/_matrix/client/v3/register', body));
    await account.call('PUT', `/_matrix/client/v3/profile/${enc(account.userId)}/displayname`, { displayname: displayName });
    account.displayName = displayName;
    return account;
  }

  /** An administrator, made as an operator's script makes one. */
  static async administrator(url, name, sharedSecret) {
    const nobody = new Account(url, name, {});
    const { nonce } = await nobody.call('GET', '/_synapse/admin/v1/register');
    const mac = createHmac('sha1', sharedSecret).update([nonce, name, PASSWORD, 'admin'].join('\0')).digest('hex');
    return new Account(url, name, await nobody.call('POST', '/_synapse/admin/v1/register', { nonce, username: name, password: PASSWORD, admin: true, mac }));
  }

  /** Throws an error that carries `errcode` and `status`. */
  async call(method, path, body) {
    const headers = { 'Content-Type': 'application/json', 'Accept-Language': 'de' };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok)
      throw Object.assign(new Error(`${method} ${path}: ${response.status} ${answer.errcode} ${answer.error}`), { ...answer, status: response.status });
    return answer;
  }

  /** A forum that everybody may join; `settings` is the content of org.runde.forum. */
  async createForum(name, { topic = '', settings = { tags: ['Therapie', 'Alltag'] }, preset = 'public_chat', invite = [] } = {}) {
    const { room_id } = await this.call('POST', '/_matrix/client/v3/createRoom', {
      name,
      topic,
      preset,
      invite,
      visibility: preset === 'public_chat' ? 'public' : 'private',
      creation_content: { type: 'org.runde.forum' },
      initial_state: [{ type: 'org.runde.forum', state_key: '', content: settings }],
    });
    return room_id;
  }

  async createChat(name, invite = []) {
    return (await this.call('POST', '/_matrix/client/v3/createRoom', { name, preset: 'private_chat', invite })).room_id;
  }

  join(roomId) {
    return this.call('POST', `/_matrix/client/v3/join/${enc(roomId)}`, {});
  }

  /** Starts a topic, or answers in the topic `root`. The event's id. */
  async say(roomId, body, root, more = {}) {
    const relates = root && { 'm.relates_to': { rel_type: 'm.thread', event_id: root, is_falling_back: true, 'm.in_reply_to': { event_id: root } } };
    const transaction = `${Date.now()}-${Math.random()}`;
    const path = `/_matrix/client/v3/rooms/${enc(roomId)}/send/m.room.message/${transaction}`;
    return (await this.call('PUT', path, { msgtype: 'm.text', body, ...relates, ...more })).event_id;
  }

  setTopic(roomId, root, content) {
    const state = { state: 'open', pinned: false, answered: false, tags: [], ...content };
    return this.call('PUT', `/_matrix/client/v3/rooms/${enc(roomId)}/state/org.runde.topic/${enc(root)}`, state);
  }
}

const enc = encodeURIComponent;
