#include "fuzz/driver/reduce.h"

#include <algorithm>

#include "fuzz/driver/module_editor.h"

namespace orus::fuzz {
namespace {

class ChoiceReducer {
 public:
  ChoiceReducer(Dna dna, const InputCheck& check, uint32_t attempts) : dna_(std::move(dna)), check_(check), left_(attempts) {}

  std::vector<uint8_t> run() {
    for (auto member : {&Dna::structure, &Dna::values, &Dna::config}) {
      for (size_t size = std::max<size_t>((dna_.*member).size() / 2, 1); size > 0 && left_ > 0; size /= 2) sweep(member, size);
    }
    return dna_.encode();
  }

 private:
  using Stream = std::vector<uint8_t> Dna::*;

  bool attempt(Dna candidate) {
    if (left_ == 0) return false;
    --left_;
    if (!check_(candidate.encode())) return false;
    dna_ = std::move(candidate);
    return true;
  }

  void sweep(Stream member, size_t size) {
    for (size_t at = (dna_.*member).size(); at > 0 && left_ > 0;) {
      at = at > size ? at - size : 0;
      Dna shorter = dna_;
      auto& bytes = shorter.*member;
      auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at),
           end = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, bytes.size()));
      bool zero = std::all_of(begin, end, [](uint8_t b) { return b == 0; });
      Dna zeroed = dna_;
      std::fill_n((zeroed.*member).begin() + static_cast<std::ptrdiff_t>(at), end - begin, uint8_t{0});
      bytes.erase(begin, end);
      if (!attempt(std::move(shorter)) && !zero) attempt(std::move(zeroed));
    }
  }

  Dna dna_;
  const InputCheck& check_;
  uint32_t left_;
};

class ModuleReducer {
 public:
  ModuleReducer(Module module, const ModuleCheck& check, uint32_t attempts) : module_(std::move(module)), check_(check), left_(attempts) {}

  Module run() {
    for (int round = 0; round < 4 && left_ > 0; ++round) {
      uint32_t before = instruction_count(module_);
      for (size_t f = module_.functions.size(); f-- > 0;) {
        if (f >= module_.functions.size()) continue;
        replace_body(f);
        erase_ranges(f);
        drop_parameters(f);
        drop_handlers(f);
        straighten(f);
        simplify_operands(f);
      }
      compact();
      if (instruction_count(module_) == before) break;
    }
    simplify_constants();
    return std::move(module_);
  }

 private:
  bool attempt(Module candidate) {
    if (left_ == 0) return false;
    --left_;
    if (!check_(candidate)) return false;
    module_ = std::move(candidate);
    return true;
  }

  bool attempt(size_t f, const EditedFunction& edited) {
    Module candidate = module_;
    return put_together(edited, &candidate.functions[f]) && attempt(std::move(candidate));
  }

  void compact() { attempt(without_unused(module_)); }

  /// A function that only fails.
  void replace_body(size_t f) {
    Module candidate = module_;
    Function& fn = candidate.functions[f];
    if (fn.code.size() <= 1) return;
    fn.handlers.clear();
    fn.loops = 0;
    if (fn.result == kTypeVoid) {
      fn.code = {make_insn(Op::ret_void)};
    } else {
      candidate.constants.push_back({.type = kTypeString, .text = "removed"});
      fn.code = {make_insn_bc(Op::fail, 0, static_cast<int32_t>(candidate.constants.size() - 1))};
    }
    fn.positions.resize(1);
    attempt(std::move(candidate));
  }

  void erase_ranges(size_t f) {
    EditedFunction whole = take_apart(module_.functions[f]);
    for (uint32_t size = static_cast<uint32_t>(std::max<size_t>(whole.code.size() / 2, 1)); size > 0 && left_ > 0; size /= 2) {
      for (auto at = static_cast<uint32_t>(whole.code.size()); at > 0 && left_ > 0;) {
        at = at > size ? at - size : 0;
        EditedFunction candidate = whole;
        erase(&candidate, at, size);
        if (attempt(f, candidate)) whole = std::move(candidate);
        at = std::min(at, static_cast<uint32_t>(whole.code.size()));
      }
    }
  }

  void drop_parameters(size_t f) {
    for (uint32_t p = module_.functions[f].params; p-- > 0;) {
      Module candidate = module_;
      if (drop_parameter(&candidate, f, p)) attempt(std::move(candidate));
    }
  }

  void drop_handlers(size_t f) {
    for (size_t h = module_.functions[f].handlers.size(); h-- > 0;) {
      Module candidate = module_;
      auto& handlers = candidate.functions[f].handlers;
      handlers.erase(handlers.begin() + static_cast<std::ptrdiff_t>(h));
      attempt(std::move(candidate));
    }
  }

  /// Conditional jumps become jumps.
  void straighten(size_t f) {
    EditedFunction whole = take_apart(module_.functions[f]);
    for (size_t i = 0; i < whole.code.size(); ++i) {
      if (whole.code[i].target == UINT32_MAX || whole.code[i].words[0].opcode() == Op::jump) continue;
      EditedFunction candidate = whole;
      candidate.code[i].words = {make_insn(Op::jump)};
      if (attempt(f, candidate)) whole = std::move(candidate);
    }
  }

  /// Results become constants, empty arrays or copies; immediates become 0, 1 or half.
  void simplify_operands(size_t f) {
    EditedFunction whole = take_apart(module_.functions[f]);
    for (size_t i = 0; i < whole.code.size() && left_ > 0; ++i) {
      simplify_result(f, &whole, i);
      Insn insn = whole.code[i].words[0];
      size_t at = info(insn.opcode()).format.find('i');
      if (at == std::string_view::npos) continue;
      uint16_t Insn::* field = at == 1 ? &Insn::b : &Insn::c;
      auto value = static_cast<int16_t>(insn.*field);
      for (int16_t simpler : {int16_t{0}, int16_t{1}, static_cast<int16_t>(value / 2)}) {
        if (simpler == value) break;
        EditedFunction edited = whole;
        edited.code[i].words[0].*field = static_cast<uint16_t>(simpler);
        if (!attempt(f, edited)) continue;
        whole = std::move(edited);
        break;
      }
    }
  }

  void simplify_result(size_t f, EditedFunction* whole, size_t i) {
    Insn insn = whole->code[i].words[0];
    bool has_result = info(insn.opcode()).format[0] == 'd' && insn.a != kNoReg && whole->code[i].target == UINT32_MAX;
    if (!has_result || insn.opcode() == Op::load_k || insn.opcode() == Op::mov) return;
    TypeId type = module_.functions[f].registers[insn.a];
    if (is_numeric(module_.kind(type)) || type == kTypeBool) {
      Module candidate = module_;
      auto k = static_cast<int32_t>(candidate.constants.size());
      candidate.constants.push_back({.type = type, .bits = type == kTypeF64 ? 0x3FF0000000000000 : uint64_t{1}});
      replace(std::move(candidate), f, whole, i, make_insn_bc(Op::load_k, insn.a, k));
      return;
    }
    if (module_.kind(type) == TypeKind::kArray && insn.opcode() != Op::new_array &&
        replace(module_, f, whole, i, make_insn_bc(Op::new_array, insn.a, 0))) {
      return;
    }
    // Another register of the type may do; the verifier refuses those without a value here.
    const std::vector<TypeId> types = module_.functions[f].registers;
    for (uint32_t r = 0, tried = 0; r < types.size() && tried < 4; ++r) {
      if (types[r] != type || r == insn.a) continue;
      ++tried;
      if (replace(module_, f, whole, i, make_insn(Op::mov, insn.a, static_cast<uint16_t>(r)))) return;
    }
  }

  bool replace(Module candidate, size_t f, EditedFunction* whole, size_t i, Insn insn) {
    EditedFunction edited = *whole;
    edited.code[i].words = {insn};
    if (!put_together(edited, &candidate.functions[f]) || !attempt(std::move(candidate))) return false;
    *whole = std::move(edited);
    return true;
  }

  void simplify_constants() {
    for (size_t k = 0; k < module_.constants.size(); ++k) {
      const Constant old = module_.constants[k];
      if (old.type == kTypeString || old.type == kTypeBool) continue;
      uint64_t one = old.type == kTypeF64 ? 0x3FF0000000000000 : uint64_t{1};
      for (uint64_t bits : {uint64_t{0}, one, old.type == kTypeF64 ? uint64_t{0x4000000000000000} : old.bits / 2}) {
        if (bits == old.bits) break;
        Module candidate = module_;
        candidate.constants[k].bits = bits;
        if (attempt(std::move(candidate))) break;
      }
    }
  }

  Module module_;
  const ModuleCheck& check_;
  uint32_t left_;
};

}  // namespace

std::vector<uint8_t> reduce_choices(const Dna& spelled_out, const InputCheck& still_fails, uint32_t attempts) {
  return ChoiceReducer(spelled_out, still_fails, attempts).run();
}

Module reduce_module(Module module, const ModuleCheck& still_fails, uint32_t attempts) {
  return ModuleReducer(std::move(module), still_fails, attempts).run();
}

}  // namespace orus::fuzz
