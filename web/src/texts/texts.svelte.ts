/** Texts in the language and the form of address that the person chose. The words stand in catalogue.ts. */
import { catalogue } from './catalogue';

export type Language = 'de' | 'en';
/** How German addresses the reader: Sie, Du, or Leichte Sprache. What a form lacks is said in Sie. */
export type Address = 'sie' | 'du' | 'leicht';
/** What a person chooses: one of three kinds of German, or English. */
export type Tone = Address | 'en';
export const TONES: { tone: Tone; lang: Language; name: string }[] = [
  { tone: 'sie', lang: 'de', name: 'Deutsch (Sie)' },
  { tone: 'du', lang: 'de', name: 'Deutsch (Du)' },
  { tone: 'leicht', lang: 'de', name: 'Leichte Sprache' },
  { tone: 'en', lang: 'en', name: 'English' },
];
export type Plural = { one: string; other: string };
export type Phrase = string | Plural;
export interface Entry {
  sie: Phrase;
  du?: Phrase;
  leicht?: Phrase;
  en: Phrase;
}
export type Key = keyof typeof catalogue;
export type Values = Record<string, string | number>;

class Texts {
  language = $state<Language>('de');
  address = $state<Address>('sie');

  get tone(): Tone {
    return this.language === 'en' ? 'en' : this.address;
  }
  set tone(tone: Tone) {
    this.language = tone === 'en' ? 'en' : 'de';
    if (tone !== 'en') this.address = tone;
  }

  /** The text of `entry`, its {names} filled from `values`; `n` chooses singular or plural. */
  say(entry: Entry, values: Values = {}): string {
    const phrase = this.language === 'en' ? entry.en : (entry[this.address] ?? entry.sie);
    const text = typeof phrase === 'string' ? phrase : phrase[this.#plural(Number(values['n'] ?? 0))];
    return text.replace(/\{(\w+)\}/g, (all, name: string) => this.#shown(values[name]) ?? all);
  }

  /** "gestern, 14:05" and the like are for the eyes; `<time datetime>` carries the exact time. */
  when(ms: number, now = Date.now()): string {
    const date = new Date(ms);
    const clock = new Intl.DateTimeFormat(this.language, { hour: '2-digit', minute: '2-digit' }).format(date);
    const days = Math.round((startOfDay(now) - startOfDay(ms)) / 86_400_000);
    if (days < 0 || days > 1) {
      const sameYear = date.getFullYear() === new Date(now).getFullYear();
      const day = new Intl.DateTimeFormat(this.language, {
        day: 'numeric',
        month: 'short',
        year: sameYear ? undefined : 'numeric',
      }).format(date);
      return `${day}, ${clock}`;
    }
    return `${this.say(catalogue[days === 0 ? 'today' : 'yesterday'])}, ${clock}`;
  }

  exactly(ms: number): string {
    return new Intl.DateTimeFormat(this.language, { dateStyle: 'full', timeStyle: 'short' }).format(new Date(ms));
  }

  #plural(n: number): 'one' | 'other' {
    return new Intl.PluralRules(this.language).select(n) === 'one' ? 'one' : 'other';
  }

  #shown(value: string | number | undefined): string | undefined {
    return typeof value === 'number' ? new Intl.NumberFormat(this.language).format(value) : value;
  }
}

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** The first of the browser's languages that we speak; German otherwise. */
export function preferredLanguage(languages: readonly string[]): Language {
  for (const language of languages) {
    if (/^de\b/i.test(language)) return 'de';
    if (/^en\b/i.test(language)) return 'en';
  }
  return 'de';
}

export function isTone(value: unknown): value is Tone {
  return TONES.some(({ tone }) => tone === value);
}

export const texts = new Texts();
/** Speaks one catalogue. Parts of the page that are loaded later bring a catalogue of their own. */
export function speaker<Words extends Record<string, Entry>>(words: Words): (key: keyof Words, values?: Values) => string {
  return (key, values) => texts.say(words[key]!, values);
}
export const say = speaker<Record<Key, Entry>>(catalogue);
