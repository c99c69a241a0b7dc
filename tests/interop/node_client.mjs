// Node's HTTP/2 client: prints SETTINGS, the origins that it was told, and the responses.
//
//   node node_client.mjs CA.pem https://a.example:PORT PATH…
import {readFileSync} from 'node:fs';
import {connect} from 'node:http2';
import {setTimeout as delay} from 'node:timers/promises';

const [ca, origin, ...paths] = process.argv.slice(2);
const url = new URL(origin);
const seen = {origins: [], responses: [], errors: [], remoteSettings: null, goaway: null};
const session = connect(origin, {
  ca: readFileSync(ca),
  servername: url.hostname,
  lookup: (host, options, done) =>
    done(null, options.all ? [{address: '127.0.0.1', family: 4}] : '127.0.0.1', 4),
});
session.on('origin', (origins) => seen.origins.push(...origins));
session.on('remoteSettings', (settings) => (seen.remoteSettings = settings));
session.on('goaway', (code) => (seen.goaway = code));
session.on('error', (error) => seen.errors.push(String(error)));

function get(path) {
  return new Promise((resolve) => {
    const stream = session.request({':path': path});
    let status = 0;
    let size = 0;
    stream.on('response', (headers) => (status = headers[':status']));
    stream.on('data', (chunk) => (size += chunk.length));
    stream.on('error', (error) => seen.errors.push(String(error)));
    stream.on('close', () => resolve({path, status, size}));
    stream.end();
  });
}

seen.responses = await Promise.all(paths.map(get));
seen.originSet = session.originSet;
await Promise.race([new Promise((resolve) => session.close(resolve)), delay(2000)]);
console.log(JSON.stringify(seen));
process.exit(0);
