/**
 * Requests to our own server, and what can go wrong with them.
 *
 * Two kinds of failure, because people need different words for them: the server said no (`Refused`), or nobody
 * answered (`Unreachable`).
 */

/** The server answered with an error. https://spec.matrix.org/v1.19/client-server-api/#standard-error-response */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly errcode: string,
    message: string,
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** No answer: no network, a proxy in between, or the server is down. */
export class Unreachable extends Error {}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  body?: unknown;
  signal?: AbortSignal;
  /** Milliseconds until the request counts as unanswered. */
  timeout?: number;
  /** Lets the request outlive the page. */
  keepalive?: boolean;
}

/** Builds a path; every value becomes exactly one path segment: path`/rooms/${id}/state`. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);
}

const MAX_PATIENCE_MS = 10_000;

/** A door to the server, for one person (or nobody) and one language. */
export class Connection {
  constructor(
    private readonly token: () => string | undefined,
    private readonly language: () => string,
    /** Called when the server no longer knows our token. */
    private readonly signedOut: () => void,
  ) {}

  get<T>(where: string, options: RequestOptions = {}): Promise<T> {
    return this.request<T>('GET', where, options);
  }

  post<T>(where: string, body: unknown = {}, options: RequestOptions = {}): Promise<T> {
    return this.request<T>('POST', where, { ...options, body });
  }

  put<T>(where: string, body: unknown = {}, options: RequestOptions = {}): Promise<T> {
    return this.request<T>('PUT', where, { ...options, body });
  }

  delete<T>(where: string, body: unknown = {}, options: RequestOptions = {}): Promise<T> {
    return this.request<T>('DELETE', where, { ...options, body });
  }

  private async request<T>(method: string, where: string, options: RequestOptions): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const token = this.token();
      try {
        return await once<T>(method, where, options, token, this.language());
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        // Only the token that was refused may end the session, not one that was already replaced.
        if (error.errcode === 'M_UNKNOWN_TOKEN' && token && token === this.token()) this.signedOut();
        const wait = Number(error.body['retry_after_ms'] ?? NaN);
        if (error.status !== 429 || !(wait <= MAX_PATIENCE_MS) || attempt === 2) throw error;
        await new Promise((resume) => setTimeout(resume, wait));
      }
    }
  }
}

async function once<T>(
  method: string,
  where: string,
  { query, body, signal, timeout = 30_000, keepalive }: RequestOptions,
  token: string | undefined,
  language: string,
): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  const giveUp = () => abort.abort();
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) abort.abort();

  const headers: Record<string, string> = { 'Accept-Language': language };
  if (token) headers['Authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';

  try {
    const response = await fetch(where + queryString(query), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: abort.signal,
      keepalive,
      credentials: 'omit',
      cache: 'no-store',
    });
    const answer = await asJson(response);
    if (response.ok && answer !== undefined) return answer as T;
    // With neither an errcode nor stages to go through it was not our server that spoke.
    if (!answer || !(typeof answer['errcode'] === 'string' || answer['flows'])) throw new Unreachable(`status ${response.status}`);
    const errcode = String(answer['errcode'] ?? '');
    throw new Refused(response.status, errcode, String(answer['error'] ?? errcode), answer);
  } catch (error) {
    if (error instanceof Refused || error instanceof Unreachable) throw error;
    if (signal?.aborted) throw error;
    throw new Unreachable(String(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

async function asJson(response: Response): Promise<Record<string, unknown> | undefined> {
  try {
    return (await response.json()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function queryString(query: RequestOptions['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text ? '?' + text : '';
}
