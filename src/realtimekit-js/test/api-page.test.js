// docs/client-api.md is made from the comments of the client: WRITE_PAGES=1 writes it, otherwise it is compared.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const page = join(root, 'docs/client-api.md');

const { config } = ts.readConfigFile(join(here, '../tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(here, '..'));
const program = ts.createProgram([join(here, '../client.js')], options);
const checker = program.getTypeChecker();
const source = /** @type {ts.SourceFile} */ (program.getSourceFile(join(here, '../client.js')));
const exported = checker.getExportsOfModule(/** @type {ts.Symbol} */ (checker.getSymbolAtLocation(source)))
  .map(symbol => symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

const FORMAT = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/** Of one line, for a cell of a table. @param {string|undefined} text */
const cell = text => (text ?? '').replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();

/** @param {ts.Type} type */
const typeText = type => checker.typeToString(type, undefined, FORMAT).replace(/import\(".*?"\)\./g, '').replace(/; }/g, ' }').replaceAll(';', ',').replace(/(\?: [^,{}]*?) \| undefined/g, '$1');

/** @param {ts.Symbol} symbol */
const comment = symbol => ts.displayPartsToString(symbol.getDocumentationComment(checker));

/** @param {ts.Symbol} symbol @param {string} tag */
const tagged = (symbol, tag) => symbol.getJsDocTags(checker).filter(({ name }) => name === tag).map(({ text }) => ts.displayPartsToString(text));

/** @param {ts.Symbol} symbol */
const fileOf = symbol => relative(join(root, 'docs'), /** @type {ts.Declaration[]} */ (symbol.declarations)[0].getSourceFile().fileName);

/** @param {ts.Symbol} symbol */
const isGiven = symbol => typeText(checker.getTypeOfSymbol(symbol)) !== 'undefined';

/** @param {ts.Symbol} symbol */
const nameAndType = symbol => {
  const optional = symbol.flags & ts.SymbolFlags.Optional;
  const type = typeText(checker.getTypeOfSymbol(symbol)).replace(optional ? / \| undefined$/ : /$^/, '');
  return cell(`${symbol.name}${optional ? '?' : ''}: ${type}`);
};

/** @param {ts.Symbol} symbol */
const isShown = symbol => !symbol.name.startsWith('#') && !symbol.name.startsWith('__') && !tagged(symbol, 'internal').length;

/** @param {ts.Symbol} method */
function methodRow(method) {
  const declaration = /** @type {ts.MethodDeclaration} */ (method.valueDeclaration);
  const signature = /** @type {ts.Signature} */ (checker.getSignatureFromDeclaration(declaration));
  const parameters = declaration.parameters.map(parameter => {
    const [tag] = ts.getJSDocParameterTags(parameter);
    const optional = parameter.initializer || tag?.isBracketed ? '?' : '';
    return `${tag?.name.getText() ?? parameter.name.getText()}${optional}: ${tag?.typeExpression ? tag.typeExpression.type.getText() : typeText(checker.getTypeAtLocation(parameter))}`;
  });
  const notes = declaration.parameters.flatMap(parameter => ts.getJSDocParameterTags(parameter)).map(tag => ts.getTextOfJSDocComment(tag.comment) ?? '');
  const words = [comment(method), ...notes, ...tagged(method, 'returns').map(text => text && `Gives: ${text}`)].map(cell).filter(Boolean).join(' ');
  return `| \`${cell(`${method.name}(${parameters.join(', ')}): ${typeText(signature.getReturnType())}`)}\` | ${words} |`;
}

/** @param {ts.Symbol} symbol */
function classSection(symbol) {
  const type = /** @type {ts.InterfaceType} */ (checker.getDeclaredTypeOfSymbol(symbol));
  const members = [...(symbol.members?.values() ?? [])].filter(isShown);
  const getters = members.filter(member => member.flags & (ts.SymbolFlags.GetAccessor | ts.SymbolFlags.Property));
  const methods = members.filter(member => member.flags & ts.SymbolFlags.Method);
  const base = checker.getBaseTypes(type).map(one => checker.getTypeArguments(/** @type {ts.TypeReference} */ (one))[0]).find(Boolean);
  const lines = [`## ${symbol.name}`, `[${symbol.name}](${fileOf(symbol)})`, '', cell(comment(symbol).split('\n\n')[0]).replaceAll('\\|', '|'), ''];
  if (getters.length) lines.push('| property | |', '|---|---|', ...getters.map(one => `| \`${nameAndType(one)}\` | ${cell(comment(one))} |`), '');
  if (methods.length) lines.push('| method | |', '|---|---|', ...methods.map(methodRow), '');
  if (base) lines.push('| event | its value | |', '|---|---|---|', ...base.getProperties().map(one => `| \`${one.name}\` | \`${cell(typeText(checker.getTypeOfSymbol(one)))}\` | ${cell(comment(one))} |`), '');
  return lines;
}

/** @param {ts.Symbol} symbol */
function typeSection(symbol) {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const properties = type.isUnion() || checker.getIndexInfosOfType(type).length ? [] : type.getProperties().filter(isGiven);
  const lines = [`### ${symbol.name}`];
  if (comment(symbol)) lines.push(cell(comment(symbol)).replaceAll('\\|', '|'));
  lines.push('');
  if (properties.length) lines.push('| field | |', '|---|---|', ...properties.map(one => `| \`${nameAndType(one)}\` | ${cell(comment(one))} |`), '');
  else lines.push(`\`${checker.typeToString(type, undefined, FORMAT | ts.TypeFormatFlags.InTypeAlias)}\``, '');
  return lines;
}

function write() {
  const classes = ['RealtimeClient', 'Channel', 'Inbox', 'RealtimeError'].flatMap(name => exported.filter(symbol => symbol.name === name));
  assert.equal(classes.length, exported.filter(symbol => symbol.flags & ts.SymbolFlags.Class).length, 'every class has its section');
  const types = exported.filter(symbol => symbol.flags & ts.SymbolFlags.TypeAlias && !symbol.name.endsWith('Events'));
  return [
    '# The browser client', '',
    'Methods, events and payloads of [@realtimekit/client](../src/realtimekit-js/README.md), which says how they belong together.',
    '`on(event, listener)` of each listens to an event, and gives a function that ends it.',
    'This page is made from the comments in the code.', '',
    ...classes.flatMap(classSection), '## Types', '', ...types.flatMap(typeSection),
  ].join('\n').trimEnd() + '\n';
}

test('the page of the client has what the comments say', () => {
  const made = write();
  if (process.env.WRITE_PAGES === '1') writeFileSync(page, made);
  assert.equal(readFileSync(page, 'utf8'), made, 'the page is made anew by WRITE_PAGES=1 and this test');
});
