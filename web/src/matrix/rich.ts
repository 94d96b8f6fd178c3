/**
 * Formatted posts of other Matrix apps. Their HTML is never put into our page: it is parsed in an inert document and
 * turned into a small tree of known parts, which PostBody.svelte draws. What is not known loses its tags, not its text.
 * https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes
 */
export type Block = 'p' | 'ul' | 'ol' | 'li' | 'blockquote' | 'pre' | 'heading' | 'hr' | 'br';
export type Inline = 'strong' | 'em' | 'u' | 'del' | 'code';

export type Rich =
  | { kind: 'text'; text: string }
  | { kind: 'link'; href: string; parts: Rich[] }
  | { kind: Block | Inline; parts: Rich[] };

const KINDS: Record<string, Block | Inline> = {
  P: 'p', DIV: 'p', UL: 'ul', OL: 'ol', LI: 'li', BLOCKQUOTE: 'blockquote', PRE: 'pre', HR: 'hr', BR: 'br',
  H1: 'heading', H2: 'heading', H3: 'heading', H4: 'heading', H5: 'heading', H6: 'heading',
  STRONG: 'strong', B: 'strong', EM: 'em', I: 'em', U: 'u', DEL: 'del', S: 'del', CODE: 'code',
};

/** Their text is not for reading: quotes of the post answered, and what never belongs in a post. */
const DROPPED = new Set(['MX-REPLY', 'SCRIPT', 'STYLE', 'TEMPLATE', 'IFRAME', 'OBJECT', 'NOSCRIPT', 'TITLE']);

/** The spec's limit for nesting is 100; nobody reads deeper than this. */
const MAX_DEPTH = 20;

export function parseRich(html: string): Rich[] {
  return partsOf(new DOMParser().parseFromString(html, 'text/html').body, 0);
}

function partsOf(parent: Node, depth: number): Rich[] {
  return [...parent.childNodes].flatMap((node): Rich[] => {
    if (node.nodeType === 3 /* text */) return withLinks(node.textContent ?? '');
    if (!(node instanceof Element) || DROPPED.has(node.tagName) || depth > MAX_DEPTH) return [];
    if (node.tagName === 'IMG') return withLinks(node.getAttribute('alt') ?? '');
    const parts = partsOf(node, depth + 1);
    if (node.tagName === 'A') {
      const href = safeLink(node.getAttribute('href') ?? '');
      return href ? [{ kind: 'link', href, parts: parts.flatMap(unlinked) }] : parts;
    }
    const kind = KINDS[node.tagName];
    return kind ? [{ kind, parts }] : parts;
  });
}

function unlinked(part: Rich): Rich[] {
  if (part.kind === 'link') return part.parts;
  return part.kind === 'text' ? [part] : [{ ...part, parts: part.parts.flatMap(unlinked) }];
}

function safeLink(href: string): string | undefined {
  return /^(https?:\/\/|mailto:)/i.test(href) ? href : undefined;
}

/** Web addresses in plain text become links; the full stop or bracket behind one stays text. */
export function withLinks(text: string): Rich[] {
  const parts: Rich[] = [];
  let end = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+/gi)) {
    const href = match[0].replace(/[.,;:!?'")\]]+$/, '');
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) });
    parts.push({ kind: 'link', href, parts: [{ kind: 'text', text: href }] });
    end = match.index + href.length;
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  return parts;
}
