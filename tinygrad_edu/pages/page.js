// The code that the pages share. Each page calls mount with a function, which mount calls with each
// root element of that page and the picture in it.

function mount(hash, start) {
  document.querySelectorAll('[data-tge="' + hash + '"]:not([data-ready])').forEach((root) => {
    root.setAttribute('data-ready', '');
    start(root, livePicture(root.querySelector('.picture')));
    // In a notebook, letters are commands: dd deletes a cell. This attribute of the element with the
    // focus tells JupyterLab to leave keys alone.
    [root, ...root.querySelectorAll('button, input, summary, pre, .picture')].forEach((e) => {
      e.setAttribute('data-lm-suppress-shortcuts', 'true');
    });
  });
}

function livePicture(picture) {
  const image = picture.querySelector('img');
  if (image) {  // replace the image by its SVG, so that scripts can reach its parts
    const bytes = Uint8Array.from(atob(image.src.split(',')[1]), (c) => c.charCodeAt(0));
    picture.innerHTML = new TextDecoder().decode(bytes);
  }
  const part = new Map(Array.from(picture.querySelectorAll('[data-id]'), (e) => [e.dataset.id, e]));
  const kinds = new Map(Array.from(part, ([id, e]) => [id, e.getAttribute('class')]));
  const first = new Map(), lines = new Map(), shown = new Map();  // the keys are places, such as 'v_3 1'
  part.forEach((e, id) => e.querySelectorAll('text').forEach((text, i) => {
    const place = id + ' ' + i;
    first.set(place, text);
    shown.set(place, text);
    lines.set(place, new Map([[text.textContent, text], ['', null]]));
  }));

  // Each text that a line will ever have is an element of its own, which is shown or hidden. So the
  // browser lays out hundreds of texts before the first click, not during it.
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

  function mark(marks) {  // marks: lists of parts by the class they get; only changed parts are touched
    const looks = new Map(), before = (id) => marked.get(id) || kinds.get(id);
    for (const [look, ids] of Object.entries(marks)) {
      ids.forEach((id) => { if (part.has(id)) looks.set(id, (looks.get(id) || kinds.get(id)) + ' ' + look); });
    }
    marked.forEach((_, id) => { if (!looks.has(id)) part.get(id).setAttribute('class', kinds.get(id)); });
    looks.forEach((look, id) => { if (look !== before(id)) part.get(id).setAttribute('class', look); });
    marked = looks;
  }

  function follow(id) {  // scrolls the picture to a part
    const node = part.get(id);
    if (!node) return picture.scrollTo(0, 0);
    const here = node.getBoundingClientRect(), all = picture.getBoundingClientRect();
    picture.scrollLeft += here.left + here.width / 2 - all.left - all.width / 2;
    picture.scrollTop += here.top + here.height / 2 - all.top - all.height / 2;
  }

  return {picture, part, kinds, shown, prepare, write, mark, follow};
}
