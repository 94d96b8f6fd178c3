// Runs the journeys one after the other, each in a world of its own people on one server.
import { readdirSync } from 'node:fs';

import { Report } from './support/report.mjs';
import { World } from './support/world.mjs';

const wanted = process.argv.slice(2);
const folder = new URL('./journeys/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.mjs') && (wanted.length === 0 || wanted.some((name) => file.includes(name))));

const report = new Report();
const world = new World();
try {
  await world.start();
  for (const file of files) {
    const { default: journey, chained } = await import(new URL(file, folder));
    const test = async (name, steps) => {
      const passed = await report.test(`${file.replace('.mjs', '')}: ${name}`, steps, world);
      // The steps of a chained journey build on each other: after a failure the rest could only repeat it.
      if (!passed && chained) throw new Error(`the rest of ${file} was not tried`);
    };
    await journey(world, test).catch((error) => report.broken(error));
    await world.everybodyLeaves();
  }
} catch (error) {
  report.broken(error);
} finally {
  await world.end();
}
process.exitCode = report.close();
