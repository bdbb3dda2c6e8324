// Runs before anything else: light or dark before the first paint, and the files of the place that is being opened.
(function () {
  var wanted = 'auto';
  try {
    // The key and its values are those of the application's theme menu.
    wanted = localStorage.getItem('pharos.theme') || 'auto';
  } catch (_) {
    // Storage is blocked: follow the system.
  }
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');

  var meta = document.querySelector('meta[name="pharos-files"]');
  if (!meta) return;
  var files = JSON.parse(meta.content)[location.pathname.split('/')[1] || 'explore'] || [];
  files.forEach(function (file) {
    var link = document.createElement('link');
    var isStyle = /\.css$/.test(file);
    link.rel = isStyle ? 'preload' : 'modulepreload';
    if (isStyle) link.as = 'style';
    // As the page's own code asks for it: else it is loaded twice.
    link.crossOrigin = '';
    link.href = '/' + file;
    document.head.appendChild(link);
  });
})();
