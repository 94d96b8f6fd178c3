import { untrack } from 'svelte';

/** What a screen reader should say without moving the focus. App.svelte holds the live region. */
export const announcer = $state({ text: '', visible: false });

let timer: ReturnType<typeof setTimeout> | undefined;

/** `visible`: shown for a while, too, for everybody who does not listen. */
export function announce(text: string, { visible = true } = {}): void {
  clearTimeout(timer);
  // A text that is the same as before would not be read again. Whoever announces does not depend on what was announced.
  announcer.text = text === untrack(() => announcer.text) ? text + '\u00a0' : text;
  announcer.visible = visible;
  timer = setTimeout(() => {
    announcer.text = '';
    announcer.visible = false;
  }, 6000);
}
