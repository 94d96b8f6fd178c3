/**
 * Text that was begun and not sent. It survives moving around in the page, and lives in memory alone: what somebody has
 * not decided to say is not written to a device that others may use. The browser asks before it is lost.
 */
import { SvelteMap } from 'svelte/reactivity';

import { isLeaving } from '../exit.svelte';

export const drafts = new SvelteMap<string, string>();

addEventListener('beforeunload', (event) => {
  if (!isLeaving() && [...drafts.values()].some((text) => text.trim())) event.preventDefault();
});
