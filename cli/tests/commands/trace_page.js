// Does what a reader of the page does, and leaves what it has seen in the page.
{
  const rows = () => [...document.querySelectorAll('#rows .row')];
  const labels = () => rows().map(row => row.querySelector('.label, .event').textContent);
  const point = (row, kind) => row.dispatchEvent(new MouseEvent(kind, {bubbles: true}));
  const details = () => document.querySelector('#details').innerText;
  const seen = {
    lanes: [...document.querySelectorAll('#lanes .lane')].map(lane => lane.firstChild.textContent),
    all: labels(),
    arrows: document.querySelectorAll('#rows .arrow').length,
  };
  point(rows()[1], 'mouseover');
  seen.pointed = details();
  const channels = document.querySelector('#channels');
  channels.value = '3';
  channels.dispatchEvent(new Event('input', {bubbles: true}));
  seen.filtered = labels();
  point(rows()[0], 'click');
  seen.selected = [rows()[0].getAttribute('aria-selected'), details()];
  document.querySelector('#rows').dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}));
  seen.last = details();
  seen.errors = window.errors;
  const result = document.createElement('pre');
  result.id = 'seen';
  result.textContent = encodeURIComponent(JSON.stringify(seen));
  document.body.append(result);
}
