// Reads one object of a local org with jsforce 3.10.16, by REST and by Bulk API 2.0.
//
//     node jsforce.js URL TOKEN OBJECT FIELD,FIELD,... [rest|bulk2|both]
//
// Prints the rows as CSV, sorted by Id. `both` prints REST first, a line of dashes, then Bulk. Needs
// `npm install jsforce@3.10.16` where Node finds it (NODE_PATH). Its bulk2.query breaks on two result
// pages or more, so the org must answer in one.

const jsforce = require('jsforce');

const [url, token, name, list, way = 'both'] = process.argv.slice(2);
const fields = list.split(',');
const soql = `SELECT ${fields.join(', ')} FROM ${name}`;
const connection = new jsforce.Connection({ instanceUrl: url, accessToken: token, version: '62.0' });

const valueOf = (record, path) => path.split('.').reduce((inner, part) => inner?.[part], record);

async function byRest() {
  const rows = [];
  const query = connection.query(soql);
  await new Promise((resolve, reject) => {
    query.on('record', (record) => rows.push(fields.map((field) => valueOf(record, field))));
    query.on('end', resolve);
    query.on('error', reject);
    query.run({ autoFetch: true, maxFetch: 100_000_000 });
  });
  if (query.totalSize !== rows.length) {
    throw new Error(`${rows.length} rows, but ${query.totalSize} were told`);
  }
  return rows;
}

async function byBulk() {
  connection.bulk2.pollInterval = 100;
  connection.bulk2.pollTimeout = 60_000;
  const stream = await connection.bulk2.query(soql);
  const records = await stream.toArray();
  return records.map((record) => fields.map((field) => record[field]));
}

function show(rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const id = fields.indexOf('Id');
  rows.sort((a, b) => (a[id] < b[id] ? -1 : Number(a[id] > b[id])));
  const lines = [fields, ...rows].map((row) => row.map(cell).join(','));
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main() {
  if (way === 'rest' || way === 'both') show(await byRest());
  if (way === 'both') process.stdout.write('---\n');
  if (way === 'bulk2' || way === 'both') show(await byBulk());
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
