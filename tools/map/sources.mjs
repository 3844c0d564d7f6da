import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { filesBelow } from '../workspace.mjs';

/** What the layout and the sources of the contexts below `root` say: commands, events and read models. */
export function readContexts(root) {
  return readdirSync(join(root, 'libs'))
    .filter((context) => existsSync(join(root, 'libs', context, 'service', 'src')))
    .map((context) => readContext(root, context));
}

function readContext(root, context) {
  const below = (part) => {
    const folder = `libs/${context}/${part}/src`;
    return filesBelow(join(root, folder))
      .filter((path) => path.endsWith('.ts') && !/\.(spec|fixture)\.ts$/.test(path))
      .map((path) => ({ path: `${folder}/${path}`, tree: parse(join(root, folder, path)) }));
  };
  const events = new Set(below('events').flatMap(({ tree }) => typeNames(tree, 'DomainEvent')));
  const decisions = readDecisions(
    below('domain').map(({ tree }) => tree),
    events,
  );
  const service = below('service');
  return {
    context,
    commands: service
      .filter(({ path }) => path.endsWith('.handler.ts'))
      .flatMap((file) => readCommands(file, decisions, events)),
    readModels: service.filter(({ path }) => path.endsWith('.projection.ts')).map(readProjection),
    processes: service.filter(({ path }) => path.includes('/src/processes/')).map(({ path }) => path),
  };
}

/** Names given to `DomainEvent<'Name', ...>` or `Command<'Name', ...>`. */
function typeNames(tree, generic) {
  return nodes(tree)
    .filter((node) => ts.isTypeReferenceNode(node) && node.typeName.getText(tree) === generic)
    .map((node) => node.typeArguments?.[0])
    .filter((name) => name && ts.isLiteralTypeNode(name) && ts.isStringLiteral(name.literal))
    .map((name) => name.literal.text);
}

/** The events that each domain command can lead to: `type: 'Event'` in its branch or in a function that it calls. */
function readDecisions(trees, events) {
  const functions = new Map(trees.map((tree) => [tree.fileName, functionsOf(tree)]));
  const find = (tree, name) => {
    const file = functions.get(tree.fileName).has(name) ? tree.fileName : importedFrom(tree, name);
    const node = functions.get(file)?.get(name);
    return node && { key: `${file} ${name}`, tree: node.getSourceFile(), node };
  };
  const produced = (tree, start, seen) =>
    nodes(start).flatMap((node) => {
      if (isTypeProperty(node) && events.has(node.initializer.text)) return [node.initializer.text];
      if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return [];
      const called = find(tree, node.expression.text);
      if (!called || seen.has(called.key)) return [];
      seen.add(called.key);
      return produced(called.tree, called.node, seen);
    });
  const decisions = new Map();
  for (const tree of trees) {
    for (const { command, body } of nodes(tree).flatMap(branch)) {
      decisions.set(command, new Set([...(decisions.get(command) ?? []), ...produced(tree, body, new Set())]));
    }
  }
  return decisions;
}

/** The functions a file declares, by name. */
function functionsOf(tree) {
  const found = new Map();
  for (const node of nodes(tree)) {
    if (ts.isFunctionDeclaration(node) && node.name) found.set(node.name.text, node);
    if (
      ts.isVariableDeclaration(node) &&
      ts.isIdentifier(node.name) &&
      node.initializer &&
      ts.isArrowFunction(node.initializer)
    ) {
      found.set(node.name.text, node.initializer);
    }
  }
  return found;
}

/** The file beside it from which a file imports this name, if it does. */
function importedFrom(tree, name) {
  const statement = tree.statements.filter(ts.isImportDeclaration).find(({ importClause }) => {
    const bindings = importClause?.namedBindings;
    return bindings && ts.isNamedImports(bindings) && bindings.elements.some((element) => element.name.text === name);
  });
  const from = statement?.moduleSpecifier.text;
  return from?.startsWith('.') ? join(dirname(tree.fileName), `${from}.ts`) : undefined;
}

/** `case 'Command': ...` or `if (x.type === 'Command') ...`. */
function branch(node) {
  if (ts.isCaseClause(node) && ts.isStringLiteral(node.expression))
    return [{ command: node.expression.text, body: node }];
  if (ts.isIfStatement(node) && ts.isBinaryExpression(node.expression) && ts.isStringLiteral(node.expression.right)) {
    return [{ command: node.expression.right.text, body: node.thenStatement }];
  }
  return [];
}

function readCommands({ path, tree }, decisions, events) {
  const literals = nodes(tree)
    .filter(isTypeProperty)
    .map((node) => node.initializer.text);
  const found = literals.flatMap((name) => (events.has(name) ? [name] : [...(decisions.get(name) ?? [])]));
  return nodes(tree)
    .filter((node) => ts.isDecorator(node) && ts.isCallExpression(node.expression))
    .filter(({ expression }) => expression.expression.getText(tree) === 'CommandHandler')
    .map(({ expression }) => ({
      name: expression.arguments[0]?.getText(tree) ?? '',
      folder: path.slice(0, path.lastIndexOf('/')),
      events: [...new Set(found)].sort(),
    }));
}

function readProjection({ path, tree }) {
  const strings = (name) =>
    nodes(tree)
      .filter((node) => ts.isPropertyAssignment(node) && node.name.getText(tree) === name)
      .flatMap((node) =>
        nodes(node.initializer)
          .filter(ts.isStringLiteral)
          .map(({ text }) => text),
      );
  const folder = path.slice(0, path.lastIndexOf('/'));
  return {
    name: strings('name')[0] ?? folder.slice(folder.lastIndexOf('/') + 1),
    folder,
    tables: strings('tables'),
    events: [...new Set(strings('handles'))].sort(),
  };
}

const isTypeProperty = (node) =>
  ts.isPropertyAssignment(node) && node.name.getText() === 'type' && ts.isStringLiteral(node.initializer);

const parse = (file) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);

function nodes(start) {
  const found = [];
  const visit = (node) => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(start);
  return found;
}
