/**
 * The quick exit: leave at once, by the link at the top or by pressing Esc three times.
 *
 * The page is emptied before the other one loads, this history entry is replaced, and a session that was not meant to
 * stay ends, so that "back" shows a signed-out page.
 */
import { announce } from './state/announcer.svelte';
import { session } from './state/session.svelte';
import { say } from './texts/texts.svelte';

const PRESSES = 3;
const FORGET_AFTER_MS = 5000;

const state = { leaving: false };

/** True from the moment somebody leaves: nothing may ask "are you sure?" any more. */
export function isLeaving(): boolean {
  return state.leaving;
}

export function armQuickExit(): void {
  const link = document.getElementById('quick-exit') as HTMLAnchorElement;
  const place = document.getElementById('quick-exit-place') as HTMLElement;

  $effect.root(() => {
    $effect(() => {
      link.textContent = say('quickExit');
      place.setAttribute('aria-label', say('quickExit'));
      const chosen = session.node?.quick_exit;
      if (chosen && /^https?:\/\//.test(chosen)) link.href = chosen;
    });
  });

  const leave = () => {
    state.leaving = true;
    document.title = '…';
    document.getElementById('app')?.remove();
    if (session.signedIn && session.isFleeting) void session.end();
    location.replace(link.href);
  };
  link.addEventListener('click', (event) => {
    event.preventDefault();
    leave();
  });

  let presses: number[] = [];
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.repeat) return;
    const now = Date.now();
    presses = [...presses.filter((at) => now - at < FORGET_AFTER_MS), now];
    if (presses.length >= PRESSES) leave();
    else announce(say('quickExitHint', { n: PRESSES - presses.length }));
  });
}
