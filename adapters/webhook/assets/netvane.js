// Adds to the pages what needs a script: live progress, completion, copying, history. All else works without it.
// Markup comes from the server, escaped there; the page's policy lets nothing in it run.

const find = (selector, within = document) => within.querySelector(selector);
const form = find('form[data-run]');
const answer = find('#answer');
const cancel = find('#cancel');
const line = find('#line');
const list = find('#suggestions');

/** Tells those who do not see the page. */
function say(text) {
  const place = find('#said');
  if (place) place.textContent = text;
}

// ---- asking ---------------------------------------------------------------

let running;

/** Events of a stream: their names with their data. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const field = (name) => part.split('\n').filter((row) => row.startsWith(`${name}: `))
        .map((row) => row.slice(name.length + 2)).join('\n');
      if (field('data')) yield { name: field('event'), data: JSON.parse(field('data')) };
    }
  }
}

function busy(is) {
  answer.classList.toggle('busy', is);
  answer.ariaBusy = is;
  const focus = document.activeElement?.closest('.act');
  cancel.disabled = !is;
  // The two buttons take turns in one place.
  if (focus) find(is ? '#cancel' : '.go', focus).focus();
}

function note(text) {
  const place = document.createElement('p');
  place.className = 'waiting';
  place.textContent = text;
  return place;
}

/** Asks, shows what is found as it is found, and makes `address` the one of this page. */
async function run(url, options, address) {
  running?.abort();
  const mine = running = new AbortController();
  const key = sessionStorage.getItem('key');
  const headers = { ...options.headers, accept: 'text/event-stream', ...(key && { authorization: `Bearer ${key}` }) };
  find('#directory')?.remove();
  if (!answer.firstChild) answer.append(note('Working…'));
  if (address && address !== location.pathname + location.search) history.pushState(null, '', address);
  busy(true);
  say('Working…');
  try {
    const response = await fetch(url, { ...options, headers, signal: mine.signal });
    if (response.status === 401) return askForKey(() => run(url, options, address));
    if (!response.ok) throw new Error((await response.json()).detail);
    let begun = false, whole = false;
    for await (const { name, data } of events(response.body)) {
      answer.innerHTML = data.html;
      // A long form has the answer out of sight.
      if (!line && !begun) answer.scrollIntoView();
      begun = true;
      whole = name !== 'progress';
      if (whole) finished(data.said);
    }
    if (!whole) throw new Error('The connection ended before the answer was whole. Ask again.');
  } catch (error) {
    if (running !== mine) return;
    const text = mine.signal.aborted ? 'Cancelled.' : error.message;
    find('.waiting', answer)?.remove();
    answer.append(note(text));
    say(text);
  } finally {
    if (running === mine) {
      running = undefined;
      busy(false);
    }
  }
}

function finished(text) {
  dress(answer);
  const title = find('h2', answer);
  if (title) document.title = `${title.textContent} · Netvane`;
  say(text);
  // A phone's keyboard would cover the answer.
  if (matchMedia('(pointer: coarse)').matches) document.activeElement?.blur();
}

function submit() {
  close();
  // A message is sent as it is: text fields would change its bytes.
  const file = find('input[type="file"]', form)?.files[0];
  if (file) {
    const headers = { 'content-type': 'application/octet-stream' };
    return run(form.dataset.run, { method: 'POST', body: file, headers });
  }
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value && typeof value === 'string') fields.append(name, value);
  if (line) remember(line.value.trim());
  if (form.getAttribute('method') === 'post') return run(form.dataset.run, { method: 'POST', body: fields });
  return run(`${form.dataset.run}?${fields}`, {}, `${location.pathname}?${fields}`);
}

function ask(text) {
  line.value = text;
  scrollTo({ top: 0 });
  return submit();
}

function askForKey(then) {
  const asked = find('#key');
  sessionStorage.removeItem('key');
  find('.waiting', answer)?.remove();
  asked.hidden = false;
  find('input', asked).focus();
  say('This service requires an API key.');
  asked.onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem('key', find('input', asked).value.trim());
    asked.hidden = true;
    then();
  };
}

// ---- history --------------------------------------------------------------

const MOST = 50;
const past = () => {
  try { return JSON.parse(localStorage.getItem('lines')) ?? []; } catch { return []; }
};

function remember(text) {
  if (!text) return;
  const lines = [text, ...past().filter((other) => other !== text)].slice(0, MOST);
  try { localStorage.setItem('lines', JSON.stringify(lines)); } catch { /* private windows have no room */ }
  listPast();
}

function listPast() {
  const place = find('#history ul');
  place?.replaceChildren(...past().map((text) => {
    const [row, link] = [document.createElement('li'), document.createElement('a')];
    link.href = `/?${new URLSearchParams({ q: text })}`;
    link.dataset.line = link.textContent = text;
    row.append(link);
    return row;
  }));
}

// ---- completion: a combobox with a listbox ----------------------------------

let items = [], chosen = -1, looking, form_of_message;
const hint = find('#usage')?.textContent;

function close() {
  looking?.abort();
  if (!list) return;
  list.hidden = true;
  chosen = -1;
  line.ariaExpanded = false;
  line.removeAttribute('aria-activedescendant');
}

async function suggest() {
  looking?.abort();
  const mine = looking = new AbortController();
  const typed = line.value;
  if (line.selectionEnd !== typed.length) return close();
  let found;
  try {
    const response = await fetch(`/complete?${new URLSearchParams({ q: typed })}`, { signal: mine.signal });
    found = await response.json();
  } catch { return; }
  if (mine.signal.aborted) return;
  find('#usage').textContent = (found.help || found.usage || hint).replaceAll('`', '');
  form_of_message = found.form;
  const again = past().filter((text) => text.startsWith(typed) && text !== typed).slice(0, 3);
  items = [...again.map((text) => ({ line: text, label: text, help: 'asked before' })), ...found.items]
    .filter((item) => item.line !== typed);
  show();
}

function show() {
  if (!items.length) return close();
  list.replaceChildren(...items.map((item, index) => {
    const [row, label, help] = ['li', 'b', 'span'].map((name) => document.createElement(name));
    [label.textContent, help.textContent] = [item.label, item.help];
    row.append(label, ' ', help);
    row.role = 'option';
    row.id = `suggestion-${index}`;
    row.ariaSelected = false;
    row.onclick = () => take(index);
    return row;
  }));
  chosen = -1;
  line.removeAttribute('aria-activedescendant');
  list.hidden = false;
  line.ariaExpanded = true;
}

function choose(index) {
  chosen = (index + items.length + 1) % (items.length + 1);
  if (chosen === items.length) chosen = -1;
  [...list.children].forEach((row, at) => { row.ariaSelected = at === chosen; });
  if (chosen < 0) return line.removeAttribute('aria-activedescendant');
  line.setAttribute('aria-activedescendant', `suggestion-${chosen}`);
  list.children[chosen].scrollIntoView({ block: 'nearest' });
}

function take(index) {
  line.value = items[index].line;
  line.focus();
  if (/[ =]$/.test(line.value)) suggest();
  else close();
}

function pressed(event) {
  const open = !list.hidden;
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    if (!open) suggest();
    else choose(chosen < 0 && event.key === 'ArrowUp' ? items.length - 1 : chosen + (event.key === 'ArrowDown' ? 1 : -1));
  } else if (event.key === 'Enter' && open && chosen >= 0) {
    event.preventDefault();
    take(chosen);
  } else if (event.key === 'Escape' && open) {
    event.preventDefault();
    event.stopPropagation();
    close();
  }
}

// ---- taking answers along -----------------------------------------------------

/** What the server cannot know of a page. */
function dress(within) {
  for (const place of within.querySelectorAll('[data-origin]')) place.textContent = location.origin;
}

async function copy(button) {
  const reply = button.closest('article');
  const name = button.dataset.copy;
  const { address } = button.dataset;
  await copyText(address ? new URL(address, location).href : find(`[data-form="${name}"]`, reply).textContent, button);
  button.classList.add('done');
  setTimeout(() => button.classList.remove('done'), 1500);
  say(`${name} copied.`);
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without https have no clipboard but this one.
    const place = document.createElement('textarea');
    place.value = text;
    button.parentElement.append(place);
    place.select();
    document.execCommand('copy');
    place.remove();
    button.focus();
  }
}

/** Keeps a reply and shows its link, and once the link that deletes it. */
async function keep(button) {
  const key = sessionStorage.getItem('key');
  const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
  const place = document.createElement('p');
  place.className = 'kept';
  button.disabled = true;
  try {
    const response = await fetch('/v1/results', { method: 'POST', headers, body: JSON.stringify({ id: button.dataset.keep }) });
    const kept = await response.json();
    if (!response.ok) throw new Error(kept.detail);
    const link = (label, url) => Object.assign(document.createElement('a'), { textContent: label, href: url });
    place.append('Kept until ', kept.expires.slice(0, 10), ' at ', link(kept.url, kept.url), '. ');
    if (kept.delete_url) place.append(link('Delete it', kept.delete_url), ' (this link is shown once).');
    say('Kept.');
  } catch (error) {
    button.disabled = false;
    place.textContent = error.message;
    say(error.message);
  }
  find('.kept', button.closest('article'))?.remove();
  button.parentElement.after(place);
}

function save(button) {
  const text = find('pre', button.parentElement).textContent;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = button.dataset.save;
  link.click();
  URL.revokeObjectURL(link.href);
}

// ---- the page -------------------------------------------------------------------

document.addEventListener('click', (event) => {
  const target = event.target.closest('[data-copy], [data-keep], [data-save], a[data-line]');
  if (!target || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (target.dataset.copy) copy(target);
  else if (target.dataset.keep) keep(target);
  else if (target.dataset.save) save(target);
  else if (line) {
    event.preventDefault();
    ask(target.dataset.line);
  }
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && running) running.abort();
  if (event.key === '/' && line && !event.target.closest('input, textarea, select')) {
    event.preventDefault();
    line.focus();
  }
});

if (form) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  cancel.addEventListener('click', () => running?.abort());
  // The addresses of this page have their answers with them.
  addEventListener('popstate', () => location.reload());
  if (find('[data-needs-key]')) askForKey(submit);
}

if (line) {
  line.role = 'combobox';
  line.ariaExpanded = false;
  line.ariaAutoComplete = 'list';
  line.setAttribute('aria-controls', 'suggestions');
  line.addEventListener('input', suggest);
  line.addEventListener('keydown', pressed);
  line.addEventListener('blur', close);
  // A click on a suggestion leaves the cursor where it is.
  list.addEventListener('mousedown', (event) => event.preventDefault());
  line.addEventListener('paste', (event) => {
    const text = event.clipboardData.getData('text');
    if (!form_of_message || !text.trim().includes('\n')) return;
    event.preventDefault();
    sessionStorage.setItem('pasted', text);
    location.assign(form_of_message);
  });
  find('#history button').addEventListener('click', () => {
    localStorage.removeItem('lines');
    listPast();
    say('History cleared.');
  });
  listPast();
} else if (form && sessionStorage.getItem('pasted')) {
  const place = find('textarea', form);
  if (place) place.value = sessionStorage.getItem('pasted');
  sessionStorage.removeItem('pasted');
}

dress(document);
