// Keeps the live proof up to date. A message has two lines: the id of an element, and its content
// as the server draws it. The page is complete without this.
{
  const url = document.querySelector("[data-live]").dataset.live;
  let source;
  const show = ({ data }) => {
    const end = data.indexOf("\n");
    const element = document.getElementById(data.slice(0, end));
    const html = data.slice(end + 1);
    if (element && element.innerHTML !== html) element.innerHTML = html;
  };
  const open = () => {
    source?.close();
    if (document.hidden) return;
    source = new EventSource(url);
    source.onmessage = show;
  };
  // A tab that nobody sees holds no stream.
  document.addEventListener("visibilitychange", open);
  open();
}
