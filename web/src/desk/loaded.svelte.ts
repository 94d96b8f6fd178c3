import { why } from '../state/failures';

/** Something that is asked of the server once, and again when somebody wishes; what a page shows until then. */
export class Loaded<T> {
  value = $state.raw<T | undefined>();
  problem = $state('');
  #ask: () => Promise<T>;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
    void this.again();
  }

  async again(): Promise<void> {
    try {
      this.value = await this.#ask();
      this.problem = '';
    } catch (error) {
      this.problem = why(error);
    }
  }
}
