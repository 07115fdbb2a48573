// Sets the theme before the first picture, so that a chosen one does not flash.
// A file of its own, as the content security policy allows no inline script.
{
  const theme = localStorage.getItem('stoa.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
