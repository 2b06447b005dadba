// The forms of /docs: send the request of a form, and show the response below it.

const KEY = 'key';

/** The URL of a form's request: arguments that are empty are left out. */
function requestOf(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (name !== 'go' && typeof value === 'string' && value !== '') fields.append(name, value);
  }
  const query = fields.toString();
  return `/v1/commands/${form.dataset.try}${query && `?${query}`}`;
}

/** The message of a form, which is sent as the body: it may be too long for a URL. */
function messageOf(form) {
  return form.querySelector('textarea')?.value;
}

/** The place for a form's response, made when it is used first. */
function placeOf(form) {
  if (form.nextElementSibling?.classList.contains('response')) return form.nextElementSibling;
  const place = document.createElement('div');
  place.className = 'response';
  place.innerHTML = '<p class="note" role="status"></p><div class="scroll" tabindex="0" role="group" aria-label="Response"><pre></pre></div>';
  form.after(place);
  return place;
}

/** JSON with invisible characters escaped, which is the same value. */
function visible(json) {
  return json.replace(/[^\n\P{C}]/gu, (found) => Array.from({ length: found.length },
    (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''));
}

function show(place, status, text) {
  place.querySelector('[role="status"]').textContent = status;
  place.querySelector('pre').textContent = visible(text);
}

async function send(form) {
  const place = placeOf(form);
  const key = sessionStorage.getItem(KEY);
  const headers = { accept: 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
  const message = messageOf(form);
  const url = message === undefined ? requestOf(form) : `/v1/commands/${form.dataset.try}`;
  const options = message === undefined ? { headers }
    : { method: 'POST', body: message, headers: { ...headers, 'content-type': 'message/rfc822' } };
  const line = `${options.method ?? 'GET'} ${url}`;
  const button = form.querySelector('button');
  button.disabled = true;
  show(place, `${line}: working…`, '');
  try {
    const response = await fetch(url, options);
    const body = await response.text();
    let text = body;
    try { text = JSON.stringify(JSON.parse(body), null, 2); } catch { /* shown as it came */ }
    show(place, `${line}: ${response.status} ${response.statusText}`, text);
  } catch (error) {
    show(place, `${line}: ${error.message}`, '');
  } finally {
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll('form[data-try]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(form);
  });
}

const keyForm = document.querySelector('#docs-key');
keyForm.hidden = false;
keyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, keyForm.querySelector('input').value.trim());
  keyForm.querySelector('.note').textContent = 'The forms on this page use this key.';
});
