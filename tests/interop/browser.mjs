// Loads one page in a headless browser and prints what happened as one line of JSON.
//
//   node browser.mjs chromium|firefox '{"url": …, "profile": …, "program": …, "hosts": […], "patience": …}'
//
// `profile` is a directory that trusts the tests' authority already (for Chromium: the home
// directory of an NSS store). `hosts` resolve to 127.0.0.1 (for Chromium: NAME=ADDRESS to that), and
// nothing else resolves at all. `patience` is how many milliseconds the page has to set its title.
// `quic` lists the HOST:PORT that are known to speak HTTP/3 from the start (Firefox: the first).
// With `until: "h3"` (Firefox) the page is loaded again until it comes over HTTP/3.
import {createRequire} from 'node:module';

const require = createRequire(import.meta.url);
const [browserName, json] = process.argv.slice(2);
const options = JSON.parse(json);
const seen = {requests: [], failed: [], errors: []};

async function loadChromium() {
  const {chromium} = require('playwright-core');
  const places = options.hosts.map((host) => host.split('='));
  const rules = places.map(([name, address]) => `MAP ${name} ${address ?? '127.0.0.1'}`);
  const quic = options.quic ? [`--origin-to-force-quic-on=${options.quic.join(',')}`] : [];
  const browser = await chromium.launch({
    executablePath: options.program,
    env: {...process.env, HOME: options.profile},
    args: ['--no-sandbox', `--host-resolver-rules=${rules.join(',')},MAP * ~NOTFOUND`, ...quic],
  });
  const page = await (await browser.newContext()).newPage();
  page.on('response', (r) => seen.requests.push({url: r.url(), status: r.status()}));
  page.on('requestfailed', (r) => seen.failed.push({url: r.url(), why: r.failure()?.errorText}));
  page.on('pageerror', (e) => seen.errors.push(String(e)));
  await page.goto(options.url, {waitUntil: 'load', timeout: 60000});
  await page.waitForFunction('document.title === "loaded"', null, {timeout: options.patience});
  seen.title = await page.title();
  await browser.close();
}

// A private authority alone would turn HTTP/3 off.
function preferHttp3() {
  const prefs = {'network.http.http3.disable_when_third_party_roots_found': false};
  if (options.quic) {
    const [host, port] = options.quic[0].split(':');
    prefs['network.http.http3.alt-svc-mapping-for-testing'] = `${host};h3=:${port}`;
  }
  return prefs;
}

async function reloadUntil(page, protocol) {
  const end = Date.now() + options.patience;
  const used = () => page.evaluate('performance.getEntriesByType("navigation")[0].nextHopProtocol');
  while ((seen.protocol = await used()) !== protocol && Date.now() < end) {
    await page.reload({waitUntil: 'load'});
  }
}

async function loadFirefox() {
  const puppeteer = require('puppeteer-core');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: options.program,
    headless: true,
    userDataDir: options.profile,
    extraPrefsFirefox: {
      'network.dns.localDomains': options.hosts.join(','),
      'network.dns.native-is-localhost': false,
      'network.dns.disableIPv6': true,
      'network.trr.mode': 5,
      'network.http.speculative-parallel-limit': 0,
      'network.prefetch-next': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'privacy.partition.network_state': false,
      'security.OCSP.enabled': 0,
      'network.http.http2.coalesce-hostnames': true,
      'datareporting.policy.dataSubmissionEnabled': false,
      'app.update.enabled': false,
      ...(options.quic || options.until ? preferHttp3() : {}),
    },
  });
  const page = await browser.newPage();
  page.on('response', (r) => seen.requests.push({url: r.url(), status: r.status()}));
  page.on('requestfailed', (r) => seen.failed.push({url: r.url(), why: r.failure()?.errorText}));
  page.on('pageerror', (e) => seen.errors.push(String(e)));
  await page.goto(options.url, {waitUntil: 'load', timeout: 60000});
  await page.waitForFunction('document.title === "loaded"', {timeout: options.patience});
  if (options.until) {
    await reloadUntil(page, options.until);
  }
  seen.title = await page.title();
  await browser.close();
}

try {
  await (browserName === 'firefox' ? loadFirefox() : loadChromium());
} catch (error) {
  seen.errors.push(String(error));
}
console.log(JSON.stringify(seen));
process.exit(0);
