// Walking through the page without a mouse.

/** Presses Tab until something called `name` has the focus; fails when the focus is not to be seen on the way. */
export async function tabTo(page, name, { key = 'Tab', most = 80 } = {}) {
  const passed = [];
  for (let step = 0; step < most; step++) {
    await page.keyboard.press(key);
    const focus = await page.evaluate(describeFocus);
    passed.push(focus.name);
    if (focus.name !== '' && !focus.visible) throw new Error(`the focus is not visible on "${focus.name}": ${focus.why}`);
    if (typeof name === 'string' ? focus.name === name : name.test(focus.name)) return;
  }
  throw new Error(`no way by keyboard to "${name}"; passed: ${passed.join(' | ')}`);
}

/** What has the focus now. */
export async function focusName(page) {
  return (await page.evaluate(describeFocus)).name;
}

/* Runs in the page. */
function describeFocus() {
  const element = document.activeElement;
  if (!element || element === document.body) return { name: '', visible: true };
  const label = element.labels?.[0]?.textContent ?? '';
  const name = (element.getAttribute('aria-label') || label || element.textContent || '').trim().replace(/\s+/g, ' ');
  const style = getComputedStyle(element);
  const after = getComputedStyle(element, '::after');
  const outlined = [style, after].some((one) => one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) > 0);
  const box = element.getBoundingClientRect();
  const inView = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  const why = outlined ? (inView ? '' : 'out of view') : 'no outline';
  return { name, visible: why === '', why };
}
