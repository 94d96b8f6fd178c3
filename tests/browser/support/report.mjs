/** Counts what passed, says what did not, and goes on. */
export class Report {
  #passed = 0;
  #failed = 0;

  async test(name, steps, world) {
    const started = Date.now();
    try {
      await steps();
      world.requireNothingStrange();
      this.#passed++;
      console.log(`ok      ${name} (${Date.now() - started} ms)`);
      return true;
    } catch (error) {
      this.#failed++;
      console.log(`FAILED  ${name}\n${indent(error.stack ?? error)}`);
      if (world.server.lastWords) console.log(indent(world.server.lastWords));
      await world.pictureOfFailure(name);
      return false;
    }
  }

  /** Something outside a test went wrong: the rest did not run. */
  broken(error) {
    this.#failed++;
    console.log(`BROKEN\n${indent(error.stack ?? error)}`);
  }

  close() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

const indent = (text) => String(text).replace(/^/gm, '        ');
