// dom.js: small words for building the page. Text goes in as text, never as markup.

export const by_id = (id) => document.getElementById(id);

// element('li', {class: 'own'}, 'text', child, ...)
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined && child !== ''));
  return made;
}

// Adds a line to a list that keeps its newest lines, and follows its end unless somebody scrolled up.
export function append_line(list, line, most = 200) {
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.querySelector('.empty')?.remove();
  list.append(line);
  while (list.children.length > most) list.firstElementChild.remove();
  if (follows) list.scrollTop = list.scrollHeight;
}

export function set_text(node, text) {
  const value = String(text);
  if (node.textContent !== value) node.textContent = value;
}

export const as_text = (data) => typeof data === 'string' ? data : JSON.stringify(data);

export const clock = () => new Date().toLocaleTimeString([], {hour12: false});

// Runs a form's action; its <output> says what came of it.
export function on_submit(form, action) {
  const answer = form.querySelector('output');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      set_text(answer, await action(new FormData(form)) ?? '');
      delete answer.dataset.failed;
    } catch (error) {
      set_text(answer, error.message);
      answer.dataset.failed = '';
    }
    button.disabled = false;
  });
}

export function enable_copy_buttons() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', async () => {
      const source = document.querySelector(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = 'Selected';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }
}

const state_words = {
  connecting: 'Connecting',
  open: 'Connected',
  reconnecting: 'Reconnecting',
  refused: 'Refused, trying again',
  resting: 'Resting in the background',
};

export function show_state(stream) {
  const show = () => {
    by_id('state').dataset.state = stream.state;
    set_text(by_id('state-text'), state_words[stream.state]);
  };
  stream.addEventListener('state', show);
  show();
}
