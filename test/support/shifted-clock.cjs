// For `node --require`: the wall clock of the process is off by SHIFT_CLOCK_MS. Monotonic clocks are not.
const shift = Number(process.env.SHIFT_CLOCK_MS ?? 0)
const RealDate = Date

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shift)
    else super(...args)
  }

  static now() {
    return RealDate.now() + shift
  }
}
