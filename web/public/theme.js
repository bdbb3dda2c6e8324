// Sets light or dark before the first paint, from the same key that the application writes.
(function () {
  var wanted = 'auto';
  try {
    wanted = localStorage.getItem('pharos.theme') || 'auto';
  } catch (_) {
    // Storage is blocked: follow the system.
  }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
