/**
 * `npm run demo`: brings up the sandbox cluster, or uses the current local one, and runs `appdev dev` on a Spring Boot
 * app. `npm run demo -- --once` does it without a terminal: deploys, makes one edit, shows the new text being served and
 * the timing line, cleans up, and exits 0. The app is a copy, so that the checkout stays as it is.
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

/** The copy of the app that the demo edits, away from the checkout. */
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
    // Ctrl-C reaches appdev through the terminal; the demo waits for its clean shutdown.
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
      // The first line of each service is the deployment; the third is the edit's.
      if (timingLines.length === 2) {
        console.log(`» editing ${controller}`);
        const file = join(folder, controller);
        writeFileSync(file, readFileSync(file, 'utf8').replace('up and running', 'up and running again'));
      }
      if (timingLines.length === 3) break;
    }
    if (timingLines.length < 3) throw new Error('appdev ended before the edit was deployed');
    const served = await (await fetch('http://127.0.0.1:8080/')).text();
    console.log(`» served now: ${served.trim().slice(0, 120)}`);
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
