#include "fuzz/driver/module_editor.h"

#include <algorithm>

#include "fuzz/gen/renumber.h"

namespace orus::fuzz {
namespace {

char jump_letter(const Insn& insn) {
  for (char c : info(insn.opcode()).format) {
    if (c == 'J' || c == 'j') return c;
  }
  return 0;
}

/// Which of `count` things are used, and their new numbers.
struct Renumbering {
  explicit Renumbering(size_t count) : used(count, false), number(count, 0) {}
  void finish() {
    uint32_t next = 0;
    for (size_t i = 0; i < used.size(); ++i) number[i] = used[i] ? next++ : 0;
  }
  template <class T>
  void keep(std::vector<T>* list) const {
    size_t i = 0;
    std::erase_if(*list, [&](const T&) { return !used[i++]; });
  }
  std::vector<bool> used;
  std::vector<uint32_t> number;
};

template <class Use>
void for_each_insn(Module* m, const Renumbering& functions, Use use) {
  for (size_t f = 0; f < m->functions.size(); ++f) {
    if (!functions.used[f]) continue;
    auto& code = m->functions[f].code;
    for (uint32_t pc = 0; pc < code.size(); pc += insn_length(code[pc])) use(code[pc]);
  }
}

bool uses_constant(const Insn& insn, bool* wide) {
  std::string_view format = info(insn.opcode()).format;
  *wide = format.find('K') != std::string_view::npos;
  return *wide || format.find('h') != std::string_view::npos;
}

void mark_type(const Module& m, TypeId type, Renumbering* types) {
  if (types->used[type.index]) return;
  types->used[type.index] = true;
  if (m.kind(type) == TypeKind::kArray) mark_type(m, m.type(type).element, types);
  for (const Field& field : m.type(type).fields) mark_type(m, field.type, types);
}

Renumbering reachable_functions(const Module& m) {
  Renumbering functions(m.functions.size());
  std::vector<uint32_t> work{m.main.index};
  functions.used[m.main.index] = true;
  while (!work.empty()) {
    const auto& code = m.functions[work.back()].code;
    work.pop_back();
    for (uint32_t pc = 0; pc < code.size(); pc += insn_length(code[pc])) {
      if (code[pc].opcode() != Op::call || functions.used[code[pc].b]) continue;
      functions.used[code[pc].b] = true;
      work.push_back(code[pc].b);
    }
  }
  functions.finish();
  return functions;
}

void drop_constants_and_globals(Module* m, const Renumbering& functions) {
  Renumbering constants(m->constants.size()), globals(m->globals.size());
  bool wide = false;
  for_each_insn(m, functions, [&](Insn& insn) {
    if (uses_constant(insn, &wide)) constants.used[wide ? static_cast<uint32_t>(insn.bc()) : insn.c] = true;
    if (info(insn.opcode()).format.find('G') != std::string_view::npos) globals.used[static_cast<uint32_t>(insn.bc())] = true;
  });
  constants.finish();
  globals.finish();
  for_each_insn(m, functions, [&](Insn& insn) {
    if (uses_constant(insn, &wide)) {
      if (wide) {
        insn = make_insn_bc(insn.opcode(), insn.a, static_cast<int32_t>(constants.number[static_cast<uint32_t>(insn.bc())]));
      } else {
        insn.c = static_cast<uint16_t>(constants.number[insn.c]);
      }
    }
    if (info(insn.opcode()).format.find('G') != std::string_view::npos) {
      insn = make_insn_bc(insn.opcode(), insn.a, static_cast<int32_t>(globals.number[static_cast<uint32_t>(insn.bc())]));
    }
  });
  constants.keep(&m->constants);
  globals.keep(&m->globals);
}

void drop_types(Module* m) {
  Renumbering types(m->types.size());
  for (uint32_t t = 0; t < kFirstUserType; ++t) types.used[t] = true;
  for (const Global& g : m->globals) mark_type(*m, g.type, &types);
  for (const Constant& k : m->constants) mark_type(*m, k.type, &types);
  for (const Function& fn : m->functions) {
    mark_type(*m, fn.result, &types);
    for (TypeId t : fn.registers) mark_type(*m, t, &types);
  }
  types.finish();
  auto renumber = [&](TypeId* t) { *t = TypeId{types.number[t->index]}; };
  for (Global& g : m->globals) renumber(&g.type);
  for (Constant& k : m->constants) renumber(&k.type);
  for (Function& fn : m->functions) {
    renumber(&fn.result);
    for (TypeId& t : fn.registers) renumber(&t);
  }
  types.keep(&m->types);
  for (Type& t : m->types) {
    if (t.kind == TypeKind::kArray) renumber(&t.element);
    for (Field& field : t.fields) renumber(&field.type);
  }
}

}  // namespace

EditedFunction take_apart(const Function& fn) {
  EditedFunction out;
  std::vector<uint32_t> index(fn.code.size() + 1, 0);
  for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) {
    index[pc] = static_cast<uint32_t>(out.code.size());
    uint32_t length = insn_length(fn.code[pc]);
    out.code.push_back({{fn.code.begin() + pc, fn.code.begin() + pc + length}, UINT32_MAX, fn.positions[pc]});
  }
  index[fn.code.size()] = static_cast<uint32_t>(out.code.size());
  uint32_t pc = 0;
  for (EditedInsn& insn : out.code) {
    char letter = jump_letter(insn.words[0]);
    if (letter != 0) insn.target = index[pc + static_cast<uint32_t>(letter == 'J' ? insn.words[0].bc() : insn.words[0].sc())];
    pc += static_cast<uint32_t>(insn.words.size());
  }
  for (const Handler& h : fn.handlers) out.handlers.push_back({index[h.start], index[h.end], index[h.target], h.error_register});
  return out;
}

bool put_together(const EditedFunction& edited, Function* fn) {
  std::vector<uint32_t> pc_of;
  uint32_t pc = 0;
  for (const EditedInsn& insn : edited.code) {
    pc_of.push_back(pc);
    pc += static_cast<uint32_t>(insn.words.size());
  }
  pc_of.push_back(pc);
  fn->code.clear();
  fn->positions.clear();
  fn->handlers.clear();
  fn->loops = 0;
  for (size_t i = 0; i < edited.code.size(); ++i) {
    const EditedInsn& insn = edited.code[i];
    std::vector<Insn> words = insn.words;
    if (insn.target != UINT32_MAX) {
      auto displacement = static_cast<int32_t>(pc_of[insn.target]) - static_cast<int32_t>(pc_of[i]);
      if (jump_letter(words[0]) == 'J') {
        words[0] = make_insn_bc(words[0].opcode(), words[0].a, displacement);
      } else {
        words[0].c = static_cast<uint16_t>(displacement);
      }
    }
    if (words[0].opcode() == Op::loop) words[0].a = static_cast<uint16_t>(fn->loops++);
    fn->code.insert(fn->code.end(), words.begin(), words.end());
    fn->positions.insert(fn->positions.end(), words.size(), insn.position);
  }
  for (const EditedHandler& h : edited.handlers) {
    if (pc_of[h.start] < pc_of[h.end]) fn->handlers.push_back({pc_of[h.start], pc_of[h.end], pc_of[h.target], h.error_register});
  }
  return !fn->code.empty();
}

void erase(EditedFunction* fn, uint32_t first, uint32_t count) {
  count = std::min<uint32_t>(count, static_cast<uint32_t>(fn->code.size()) - first);
  auto move = [&](uint32_t* index) {
    if (*index == UINT32_MAX || *index <= first) return;
    *index = *index < first + count ? first : *index - count;
  };
  auto begin = fn->code.begin() + first;
  fn->code.erase(begin, begin + count);
  for (EditedInsn& insn : fn->code) move(&insn.target);
  for (EditedHandler& h : fn->handlers) {
    move(&h.start);
    move(&h.end);
    move(&h.target);
  }
}

bool drop_parameter(Module* m, size_t function, uint32_t p) {
  Function& callee = m->functions[function];
  uint32_t last = callee.params - 1;
  if (p != last && !swap_registers(&callee, static_cast<uint16_t>(p), static_cast<uint16_t>(last))) return false;
  --callee.params;
  auto argument = [](EditedInsn& insn, uint32_t n) {
    Insn& word = insn.words[1 + n / 4];
    uint16_t* fields[] = {&word.op, &word.a, &word.b, &word.c};
    return fields[n % 4];
  };
  for (Function& fn : m->functions) {
    EditedFunction edited = take_apart(fn);
    for (EditedInsn& insn : edited.code) {
      Insn& head = insn.words[0];
      if (head.opcode() != Op::call || head.b != function) continue;
      *argument(insn, p) = *argument(insn, last);
      *argument(insn, last) = 0;
      head.c = static_cast<uint16_t>(last);
      insn.words.resize(insn_length(head));
    }
    if (!put_together(edited, &fn)) return false;
  }
  return true;
}

Module without_unused(Module m) {
  Renumbering functions = reachable_functions(m);
  drop_constants_and_globals(&m, functions);
  for_each_insn(&m, functions, [&](Insn& insn) {
    if (insn.opcode() == Op::call) insn.b = static_cast<uint16_t>(functions.number[insn.b]);
  });
  m.main = FunctionId{functions.number[m.main.index]};
  functions.keep(&m.functions);
  drop_types(&m);
  return m;
}

uint32_t instruction_count(const Module& m) {
  uint32_t count = 0;
  for (const Function& fn : m.functions) {
    for (uint32_t pc = 0; pc < fn.code.size(); pc += insn_length(fn.code[pc])) ++count;
  }
  return count;
}

}  // namespace orus::fuzz
