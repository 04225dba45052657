// The part of a page's script that shows weights and gradients as pictures.
#include "chainrule/picture/page.h"

namespace chainrule::detail {

std::string_view page_pictures_script() {
  return R"js(
// ---- Pictures of a model: weights and gradients over the recorded steps.
const recorded = byId('section-data') && JSON.parse(byId('section-data').textContent);
if (recorded) {
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  // Blue is negative, white zero, red positive; grey pictures as they are.
  const paint = (canvas, pixels, signed) => {
    canvas.width = recorded.width; canvas.height = recorded.height;
    const context = canvas.getContext('2d');
    const image = context.createImageData(recorded.width, recorded.height);
    pixels.forEach((p, k) => {
      const t = signed ? (p - 128) / 127 : 0, w = 255 * (1 - Math.abs(t));
      const rgb = !signed ? [p, p, p] : t > 0 ? [255 - 71 * t, w + 54 * t, w + 15 * t]
        : [w - 11 * t, w - 98 * t, 255 + 87 * t];
      image.data.set([...rgb, 255], 4 * k);
    });
    context.putImageData(image, 0, 0);
  };
  const run = byId('run'), pixels = recorded.width * recorded.height;
  run.max = recorded.frames.length - 1;
  run.value = run.max;
  const grid = (id, count, caption) => Array.from({length: count}, (_, k) => {
    const figure = add(byId(id), 'figure');
    const canvas = add(figure, 'canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', caption(k));
    return {canvas, caption: add(figure, 'figcaption', caption(k))};
  });
  const weights = grid('weights', recorded.units, k => `unit ${k}`);
  const inputs = grid('inputs', recorded.samples.length,
    k => `sample ${recorded.samples[k].sample}, label ${recorded.samples[k].label}`);
  const gradients = grid('gradients', recorded.samples.length, k => `d loss/d x, sample ${recorded.samples[k].sample}`);
  recorded.samples.forEach((s, k) => paint(inputs[k].canvas, bytes(s.pixels), false));
  const frame = () => {
    const f = recorded.frames[run.value], w = bytes(f.weights), g = bytes(f.gradients);
    weights.forEach((c, k) => paint(c.canvas, w.subarray(k * pixels, (k + 1) * pixels), true));
    gradients.forEach((c, k) => {
      paint(c.canvas, g.subarray(k * pixels, (k + 1) * pixels), true);
      c.caption.textContent = `predicted ${f.predictions[k]}`;
    });
    byId('run-where').textContent = `${f.label}: loss ${f.loss === null ? 'not finite' : Number(f.loss.toPrecision(4))} on these samples`;
    run.setAttribute('aria-valuetext', f.label);
  };
  run.addEventListener('input', frame);
  frame();
}
)js";
}

}  // namespace chainrule::detail
