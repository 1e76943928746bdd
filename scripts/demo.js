/**
 * `npm run demo`: runs `appdev dev` on a Spring Boot app. It uses the current context if that is a local cluster, and
 * otherwise starts the sandbox. `npm run demo -- --once` needs no terminal: it deploys, makes one edit, prints the new
 * text and the timing line, cleans up, and exits with 0. It works on a copy of the app, so that the checkout is not
 * changed.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { localCluster } from './local-cluster.js';
import { prepareCheckout, root, sandboxEnvironment, step } from './prepare.js';

const once = process.argv.includes('--once');
const fixture = join(root, 'fixtures/spring-app');
const controller = 'src/main/java/com/example/orders/web/GreetingController.java';

prepareCheckout();
const local = await localCluster();
if (local !== undefined) console.log(`» using the current cluster: ${local}`);
const environment = local === undefined ? withSandbox() : process.env;
process.exitCode = once ? await demoOnce() : await demoInteractive();

function withSandbox() {
  step('bringing the sandbox cluster up', join(root, 'sandbox/cluster'), ['up']);
  return sandboxEnvironment();
}

/** Copies the app to a temporary folder, so that the demo does not edit the checkout. Returns the path of the copy. */
function copyOfApp() {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-demo-'));
  cpSync(fixture, folder, { recursive: true, filter: (path) => !/\/(target|\.appdev)$/.test(path) });
  return folder;
}

function appdev(folder, args, stdio) {
  return spawn(process.execPath, [join(root, 'bin/appdev.js'), ...args], {
    cwd: folder,
    env: environment,
    stdio,
  });
}

async function demoInteractive() {
  const folder = copyOfApp();
  console.log(`\nThe app is in ${folder}. Edit ${controller} there and save.\n`);
  try {
    const child = appdev(folder, ['dev'], 'inherit');
    // appdev gets Ctrl-C from the terminal. The demo ignores it and waits until appdev has cleaned up.
    process.on('SIGINT', () => {});
    const code = await new Promise((resolve) => child.on('close', resolve));
    return code === 130 ? 0 : (code ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function demoOnce() {
  const folder = copyOfApp();
  const child = appdev(folder, ['dev', '--output', 'plain'], ['ignore', 'pipe', 'inherit']);
  const closed = new Promise((resolve) => child.on('close', resolve));
  try {
    const lines = createInterface({ input: child.stdout });
    const timingLines = [];
    for await (const line of lines) {
      console.log(line);
      if (!/[✓✗] +(orders|stock) /.test(line)) continue;
      if (line.includes('✗')) throw new Error('the demo app did not deploy');
      timingLines.push(line);
      // The first two lines are the deployments of both services. The third belongs to the edit.
      if (timingLines.length === 2) {
        console.log(`» editing ${controller}`);
        const file = join(folder, controller);
        writeFileSync(file, readFileSync(file, 'utf8').replace('up and running', 'up and running again'));
      }
      if (timingLines.length === 3) break;
    }
    if (timingLines.length < 3) throw new Error('appdev ended before the edit was deployed');
    const served = await (await fetch('http://127.0.0.1:8080/')).text();
    console.log(`» now served: ${served.trim().slice(0, 120)}`);
    if (!served.includes('running again')) throw new Error('the new text is not served');
    console.log(`» ${timingLines[2]}`);
    lines.on('line', (line) => console.log(line));
    child.kill('SIGINT');
    const code = await closed;
    if (code !== 130) throw new Error(`appdev ended with exit code ${code} after Ctrl-C; 130 was expected`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    child.kill('SIGINT');
    await closed;
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
