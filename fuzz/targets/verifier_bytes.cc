// Damaged modules: reader and verifier answer in order, and whatever they accept runs safely and alike.
#include "fuzz/targets/program.h"
#include "vm/bytecode/text.h"

namespace orus::fuzz {
namespace {

/// Bytes of the binary form: anywhere, any value.
void damage_bytes(Stream& c, std::vector<uint8_t>* bytes) {
  for (uint32_t n = 1 + c.below(4); n > 0 && !bytes->empty(); --n) {
    size_t at = c.below(static_cast<uint32_t>(bytes->size()));
    switch (c.below(4)) {
      case 0: (*bytes)[at] = c.byte(); break;
      case 1: (*bytes)[at] = static_cast<uint8_t>((*bytes)[at] + (c.flip() ? 1 : 255)); break;
      case 2: bytes->resize(at); break;
      default: bytes->insert(bytes->begin() + static_cast<std::ptrdiff_t>(at), c.byte());
    }
  }
}

/// Fields of instructions, types, handlers: mistakes that a reader cannot see.
void damage_module(Stream& c, Module* m) {
  Function& fn = m->functions[c.below(static_cast<uint32_t>(m->functions.size()))];
  Insn& insn = fn.code[c.below(static_cast<uint32_t>(fn.code.size()))];
  auto near = [&](uint16_t value) { return static_cast<uint16_t>(c.flip() ? value + (c.flip() ? 1 : -1) : c.word()); };
  switch (c.below(9)) {
    case 0: insn.op = static_cast<uint16_t>(c.below(kOpCount + 2)); break;
    case 1: insn.a = near(insn.a); break;
    case 2: insn.b = near(insn.b); break;
    case 3: insn.c = near(insn.c); break;
    case 4:
      fn.registers[c.below(static_cast<uint32_t>(fn.registers.size()))] = TypeId{c.below(static_cast<uint32_t>(m->types.size() + 1))};
      break;
    case 5: fn.params = c.below(static_cast<uint32_t>(fn.registers.size() + 2)); break;
    case 6:
      if (!fn.handlers.empty()) {
        Handler& h = fn.handlers[c.below(static_cast<uint32_t>(fn.handlers.size()))];
        uint32_t* field = c.flip() ? &h.target : c.flip() ? &h.start : &h.end;
        *field = c.below(static_cast<uint32_t>(fn.code.size() + 2));
      }
      break;
    case 7: fn.loops += c.flip() ? 1 : UINT32_MAX; break;
    default: m->main = FunctionId{c.below(static_cast<uint32_t>(m->functions.size() + 1))};
  }
}

}  // namespace

std::optional<Failure> target_verifier_bytes(std::span<const uint8_t> input, CaseStats* stats) {
  Choices choices(Dna::decode(input));
  RunSettings settings;
  Module module = draw_program(choices, &settings);
  Stream& c = choices.config;
  stats->announce("verifier", settings);
  for (uint32_t n = c.below(3); n > 0; --n) damage_module(c, &module);
  std::vector<uint8_t> bytes = write_obc(module);
  if (c.flip()) damage_bytes(c, &bytes);
  auto read = read_obc(bytes);
  if (!read.ok()) {
    if (read.error().detail.empty()) return Failure{"verifier", "verifier", "silent", "refused without a reason", settings};
    return std::nullopt;
  }
  auto verified = verify(std::move(read).value());
  if (!verified.ok()) {
    if (verified.error().where.empty() || verified.error().detail.empty())
      return Failure{"verifier", "verifier", "silent", "refused without place or reason", settings};
    return std::nullopt;
  }
  stats->valid = true;
  // Whatever was accepted may never end by itself: only modes that count.
  settings.fuel = 3000;
  static constexpr ModeId kModes[] = {ModeId::counted_O2, ModeId::counted_O0};
  auto failure = diff_module(**verified, kModes, settings, stats);
  stats->out_of_fuel = false;
  // Changed code may look at the clock.
  if (failure && stats->opcodes[static_cast<size_t>(Op::rt)] && print_assembly((*verified)->module).find("timestamp") != std::string::npos)
    return std::nullopt;
  return failure;
}

}  // namespace orus::fuzz
