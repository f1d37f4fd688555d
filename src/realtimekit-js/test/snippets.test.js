// Every JavaScript, TypeScript and HTML snippet of the repository's pages is type-checked against the client.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');

/** @typedef {{place: string, file: string, code: string}} Snippet `file`: where it is taken to lie, beside this test. */

function pages() {
  const markdown = (/** @type {string} */ folder, recursive = false) => readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
    .filter(name => name.endsWith('.md')).map(name => join(folder, name));
  const packages = readdirSync(join(root, 'src'), { withFileTypes: true }).filter(entry => entry.isDirectory());
  return [...markdown('.'), ...markdown('docs', true), ...packages.flatMap(({ name }) => markdown(join('src', name)))];
}

/** @param {string} page @param {string} text @returns {Snippet[]} */
function snippets(page, text) {
  const fence = /^( *)```(js|ts|html)\n(.*?)^ *```$/gms;
  return [...text.matchAll(fence)].flatMap(match => {
    const place = `${page}:${text.slice(0, match.index).split('\n').length}`;
    const codes = match[2] === 'html' ? [...match[3].matchAll(/<script type="module">(.*?)<\/script>/gs)].map(script => script[1]) : [match[3]];
    return codes.map((code, number) => ({
      place,
      file: join(here, `${place.replace(/[^a-zA-Z0-9]/g, '-')}-${number}.${match[2] === 'ts' ? 'ts' : 'js'}`),
      code: code.replace(/(from|import\() ?'(@realtimekit\/client|\/realtime\/client\.js)'/g, "$1 '../client.js'"),
    }));
  });
}

/** @param {Snippet[]} all @returns {Map<string, string[]>} What is wrong, by file. */
function check(all) {
  const texts = new Map(all.map(({ file, code }) => [file, code]));
  const { config } = ts.readConfigFile(join(here, '../tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(here, '..'));
  // A page that is shown need not say what it does where an element or a value is missing.
  Object.assign(options, { strictNullChecks: false, noUnusedLocals: false, noUnusedParameters: false, moduleDetection: ts.ModuleDetectionKind.Force });
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = file => texts.has(file) || fileExists(file);
  host.readFile = file => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) =>
    texts.has(file) ? ts.createSourceFile(file, texts.get(file) ?? '', version, true) : getSourceFile(file, version, ...rest);
  const program = ts.createProgram([...texts.keys(), join(here, 'context.d.ts')], options, host);
  return new Map(all.map(({ file }) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return [file, found.map(one => `line ${source?.getLineAndCharacterOfPosition(one.start ?? 0).line ?? 0}: ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`)];
  }));
}

const all = pages().flatMap(page => snippets(page, readFileSync(join(root, page), 'utf8')));
const found = check(all);

for (const { place, file } of all) {
  test(`the snippet at ${place} is right`, () => assert.deepEqual(found.get(file), []));
}

test('snippets are found, and so is what is wrong with them', () => {
  assert.ok(all.length > 5);
  const page = [
    '```js', 'await client.conect();', '```', 'text', '  ```ts', '  const n: number = lobby.name;', '  ```',
    '```html', '<script type="module">', 'lobby.subscribe({ recnt: 5 });', '</script>', '```', '```js', "lobby.on('change', ({ kind }) => kind);", '```', '',
  ].join('\n');
  const faulty = snippets('page.md', page);
  assert.deepEqual(faulty.map(({ place }) => place), ['page.md:1', 'page.md:5', 'page.md:8', 'page.md:13']);
  assert.deepEqual([...check(faulty).values()].map(errors => errors.length > 0), [true, true, true, false]);
});
