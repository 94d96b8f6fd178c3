import { describe, expect, test } from 'vitest';

import { deskWords } from '../src/desk/words';
import { catalogue } from '../src/texts/catalogue';
import { preferredLanguage, say, texts, type Entry, type Phrase } from '../src/texts/texts.svelte';

const forms = (phrase: Phrase): string[] => (typeof phrase === 'string' ? [phrase] : [phrase.one, phrase.other]);
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();

const all: Record<string, Entry> = { ...deskWords, ...(catalogue as Record<string, Entry>) };

describe('the catalogues', () => {
  test.each([...Object.entries(catalogue as Record<string, Entry>), ...Object.entries(deskWords)])('%s says the same in every form', (_, entry) => {
    const wanted = holes(forms(entry.sie).at(-1)!);
    for (const phrase of [entry.sie, entry.du, entry.leicht, entry.en])
      for (const text of phrase === undefined ? [] : forms(phrase)) {
        expect(text.trim()).not.toBe('');
        expect(wanted).toEqual(expect.arrayContaining(holes(text)));
      }
  });

  test('addresses people with Sie, not with du, unless that was chosen', () => {
    for (const [key, entry] of Object.entries(all))
      for (const text of forms(entry.sie)) expect(`${key}: ${text}`).not.toMatch(/\b(du|dich|dir|dein|deine|deinen|deiner)\b/);
  });
});

test('one and many', () => {
  texts.language = 'de';
  expect(say('replies', { n: 1 })).toBe('1 Antwort');
  expect(say('replies', { n: 1234 })).toBe('1.234 Antworten');
  texts.language = 'en';
  expect(say('replies', { n: 0 })).toBe('0 answers');
  texts.language = 'de';
});

test('what a form of address lacks is said in Sie', () => {
  texts.address = 'du';
  expect(say('navAccount')).toBe('Dein Konto');
  expect(say('signIn')).toBe('Anmelden');
  texts.address = 'sie';
});

test('German unless the browser prefers English', () => {
  expect(preferredLanguage(['fr-FR', 'en-GB', 'de'])).toBe('en');
  expect(preferredLanguage(['de-AT', 'en'])).toBe('de');
  expect(preferredLanguage(['tr'])).toBe('de');
});

test('times are told as people say them', () => {
  const noon = new Date(2026, 10, 21, 12, 0).getTime();
  expect(texts.when(noon - 3_600_000, noon)).toBe('heute, 11:00');
  expect(texts.when(noon - 86_400_000, noon)).toBe('gestern, 12:00');
  expect(texts.when(new Date(2026, 2, 3, 9, 5).getTime(), noon)).toBe('3. März, 09:05');
  expect(texts.when(new Date(2024, 2, 3, 9, 5).getTime(), noon)).toBe('3. März 2024, 09:05');
});
