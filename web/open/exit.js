// The quick exit of the open pages: by the link at the top or by pressing Esc three times. Without this script it is a link.
(() => {
  const link = document.getElementById('quick-exit');
  const hint = document.getElementById('quick-exit-hint');
  const leave = () => {
    document.title = '…';
    document.body.replaceChildren();
    // Whoever came back with a pseudonym leaves that behind, too; nothing waits for it.
    if (link.dataset.end) navigator.sendBeacon(link.dataset.end);
    // In place of this entry of the history, so that "back" does not lead here.
    location.replace(link.href);
  };
  link.addEventListener('click', (event) => {
    event.preventDefault();
    leave();
  });
  let presses = [];
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.repeat) return;
    const now = Date.now();
    presses = [...presses.filter((at) => now - at < 5000), now];
    if (presses.length >= 3) leave();
    else hint.textContent = hint.dataset.text.replace('{}', 3 - presses.length);
  });
})();
