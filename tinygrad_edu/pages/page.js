// What the pages have in common: each calls mount with a function that is given a root element and
// the drawing in it.

function mount(hash, start) {
  document.querySelectorAll('[data-tge="' + hash + '"]:not([data-ready])').forEach((root) => {
    root.setAttribute('data-ready', '');
    start(root, drawing(root.querySelector('.picture')));
    // Letters are commands of a notebook: dd deletes a cell. JupyterLab asks the element that has the focus.
    [root, ...root.querySelectorAll('button, input, summary, pre, .picture')].forEach((e) => {
      e.setAttribute('data-lm-suppress-shortcuts', 'true');
    });
  });
}

function drawing(picture) {
  const image = picture.querySelector('img');
  if (image) {  // the same drawing, but now its parts can be reached
    const bytes = Uint8Array.from(atob(image.src.split(',')[1]), (c) => c.charCodeAt(0));
    picture.innerHTML = new TextDecoder().decode(bytes);
  }
  const part = new Map(Array.from(picture.querySelectorAll('[data-id]'), (e) => [e.dataset.id, e]));
  const kinds = new Map(Array.from(part, ([id, e]) => [id, e.getAttribute('class')]));
  const first = new Map(), lines = new Map(), shown = new Map();  // by place: the part, and which line in it
  part.forEach((e, id) => e.querySelectorAll('text').forEach((text, i) => {
    const place = id + ' ' + i;
    first.set(place, text);
    shown.set(place, text);
    lines.set(place, new Map([[text.textContent, text], ['', null]]));
  }));

  // Each text that a line will ever have is an element of its own, to be shown or hidden: what it
  // takes to lay out hundreds of texts is done before the first click.
  function prepare(written) {
    for (const [place, line] of Object.entries(written)) {
      if (!lines.has(place) || lines.get(place).has(line)) continue;
      const copy = first.get(place).cloneNode();
      copy.textContent = line;
      copy.setAttribute('visibility', 'hidden');
      first.get(place).after(copy);
      lines.get(place).set(line, copy);
    }
  }

  function write(written) {
    prepare(written);
    for (const [place, line] of Object.entries(written)) {
      const now = shown.get(place), next = lines.has(place) && lines.get(place).get(line);
      if (!lines.has(place) || now === next) continue;
      if (now) now.setAttribute('visibility', 'hidden');
      if (next) next.setAttribute('visibility', 'visible');
      shown.set(place, next);
    }
  }

  let marked = new Map();

  function mark(marks) {  // lists of parts, by how they shall look; only what changes is touched
    const looks = new Map(), before = (id) => marked.get(id) || kinds.get(id);
    for (const [look, ids] of Object.entries(marks)) {
      ids.forEach((id) => { if (part.has(id)) looks.set(id, (looks.get(id) || kinds.get(id)) + ' ' + look); });
    }
    marked.forEach((_, id) => { if (!looks.has(id)) part.get(id).setAttribute('class', kinds.get(id)); });
    looks.forEach((look, id) => { if (look !== before(id)) part.get(id).setAttribute('class', look); });
    marked = looks;
  }

  function follow(id) {  // in a picture that is scrolled
    const node = part.get(id);
    if (!node) return picture.scrollTo(0, 0);
    const here = node.getBoundingClientRect(), all = picture.getBoundingClientRect();
    picture.scrollLeft += here.left + here.width / 2 - all.left - all.width / 2;
    picture.scrollTop += here.top + here.height / 2 - all.top - all.height / 2;
  }

  return {picture, part, kinds, shown, prepare, write, mark, follow};
}
