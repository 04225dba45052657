// Opens pages from the file system in Chromium and uses every control.
//   node page.js FOLDER PAGE.html...
// Writes FOLDER/PAGE-1280.png and -390.png. Exit code 0: all is well; 1: what is wrong was printed;
// 77: what it needs is missing.
'use strict';
const {execSync} = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {pathToFileURL} = require('node:url');

function missing(what) {
  console.log(what);
  process.exit(77);
}

let chromium;
try {
  const globals = execSync('npm root --global 2>/dev/null').toString().trim();
  ({chromium} = require(require.resolve('playwright-core', {paths: [globals, __dirname]})));
} catch {
  missing('the npm package playwright-core is not installed');
}
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(fs.existsSync);
if (!executablePath) missing('chromium is not installed');

const failures = [];
function expect(condition, what) {
  if (!condition) failures.push(what);
}

async function use(page, name) {
  const hidden = selector => page.locator(selector).evaluateAll(
      all => all.map(t => getComputedStyle(t).visibility === 'hidden'));
  const where = () => page.locator('#where').textContent();
  const viewBox = () => page.locator('svg.graph').getAttribute('viewBox');

  // The slider: at its end everything is to be seen, at its beginning no gradient.
  expect((await hidden('svg text.gradient')).every(h => !h), `${name}: not all gradients at the end`);
  await page.locator('#step').focus();
  await page.keyboard.press('Home');
  expect((await hidden('svg text.gradient')).every(h => h), `${name}: gradients before the first step`);
  expect((await where()).includes('step 0'), `${name}: Home did not lead to step 0`);
  const texts = new Set([await where()]);
  const steps = Number(await page.locator('#step').getAttribute('max'));
  for (let i = 0; i < steps; ++i) {
    await page.locator('#forward').click();
    texts.add(await where());
  }
  expect(texts.size === steps + 1, `${name}: ${texts.size} texts for ${steps + 1} steps`);
  expect((await hidden('svg text.gradient')).every(h => !h), `${name}: a gradient was left out`);
  await page.locator('#back').click();
  expect((await where()).includes(`step ${steps - 1} `), `${name}: no step back`);
  await page.locator('#forward').click();

  // Every node opens, by mouse and by keyboard.
  await page.locator('#fit').click();
  const nodes = await page.locator('svg [data-node]').count();
  for (let i = 0; i < nodes; ++i) {
    await page.locator(`svg [data-node="${i}"]`).focus();
    await page.keyboard.press('Enter');
    const title = await page.locator('#panel h2').textContent();
    const label = await page.locator(`svg [data-node="${i}"]`).getAttribute('aria-label');
    expect(label.startsWith(title), `${name}: node ${i} opened '${title}'`);
  }
  await page.locator('svg .node .op').last().click();
  expect(await page.locator('#panel h3').count() >= 3, `${name}: an open operation says little`);

  // Zoom and pan.
  for (const id of ['#in', '#out']) {
    const before = await viewBox();
    await page.locator(id).click();
    expect(before !== await viewBox(), `${name}: ${id} changes nothing`);
  }
  const box = await page.locator('#stage').boundingBox();
  const middle = [box.x + box.width / 2, box.y + 12];
  let before = await viewBox();
  await page.mouse.move(...middle);
  await page.mouse.wheel(0, -200);
  await page.waitForFunction(b => document.querySelector('svg.graph').getAttribute('viewBox') !== b, before);
  before = await viewBox();
  await page.mouse.down();
  await page.mouse.move(middle[0] + 60, middle[1] + 30, {steps: 4});
  await page.mouse.up();
  expect(before !== await viewBox(), `${name}: dragging does not pan`);
  await page.locator('#fit').click();

  // The recorded run of a model.
  if (await page.locator('#run').count() > 0) {
    const picture = () => page.locator('#weights canvas').first().evaluate(c => c.toDataURL());
    const last = await picture();
    await page.locator('#run').focus();
    await page.keyboard.press('Home');
    const moved = page.waitForFunction(
        before => document.querySelector('#weights canvas').toDataURL() !== before, last);
    await moved.catch(() => failures.push(`${name}: the weights do not move with the steps`));
  }
  await page.locator('summary').click();
  expect(await page.locator('.everything pre').isVisible(), `${name}: the text does not open`);
  await page.locator('summary').click();
  const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(width <= 0, `${name}: ${width} pixels wider than the window`);
}

(async () => {
  const [folder, ...pages] = process.argv.slice(2);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'chainrule-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath, headless: true, timeout: 60000,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync']});
  try {
    for (const file of pages) {
      for (const [width, height] of [[1280, 900], [390, 844]]) {
        const name = `${path.basename(file, '.html')}-${width}`;
        const page = await context.newPage();
        page.setDefaultTimeout(30000);
        page.on('console', m => { if (m.type() === 'error') failures.push(`${name}: ${m.text()}`); });
        page.on('pageerror', e => failures.push(`${name}: ${e.message}`));
        page.on('request', r => {
          expect(/^(file|data|blob):/.test(r.url()), `${name}: asks the network for ${r.url()}`);
        });
        await page.setViewportSize({width, height});
        await page.goto(pathToFileURL(file).href);
        await page.screenshot({path: path.join(folder, `${name}.png`), fullPage: true});
        await use(page, name);
        await page.close();
      }
    }
  } finally {
    await context.close();
    fs.rmSync(profile, {recursive: true, force: true});
  }
  failures.forEach(f => console.log(f));
  process.exit(failures.length > 0 ? 1 : 0);
})().catch(error => {
  console.log(error.message);
  process.exit(1);
});
