// Types, globals, functions; instructions, labels and registers of one function.
#include <fmt/format.h>

#include <unordered_set>

#include "lang/orus/emitter.h"
#include "vm/bytecode/verifier.h"

namespace orus::lang {

ModuleEmitter::ModuleEmitter(Program& program, std::string_view file, Reporter& reporter)
    : program_(program), reporter_(reporter), builder_(std::string(file)) {}

/// Open type variables are elements of arrays that nobody ever put anything into: any type does.
TypeId ModuleEmitter::lower(Ty type) {
  type = types().resolve(type);
  if (lowered_.size() <= type.index) lowered_.resize(type.index + 1);
  if (lowered_[type.index].valid()) return lowered_[type.index];
  static constexpr TypeId kScalars[] = {kTypeI32, kTypeVoid, kTypeI32,    kTypeI64,   kTypeU32,  kTypeU64,
                                        kTypeF64, kTypeBool, kTypeString, kTypeError, kTypeRange};
  TypeId id = kTypeI32;
  switch (types().form(type)) {
    case Form::kArray: id = builder_.array_of(lower(types().element(type))); break;
    case Form::kStruct: id = types().info(type)->id; break;
    case Form::kVariable: break;
    default: id = kScalars[type.index]; break;
  }
  lowered_[type.index] = id;
  // Deep types that only arise by inference have no one place to point at.
  if (types().array_depth(type) == kMaxArrayNesting + 1) {
    reporter_.error(ErrorClass::kLimit, Pos{.line = 1, .column = 1}, "Arrays are nested too deeply");
  }
  return id;
}

void ModuleEmitter::declare_structs() {
  std::unordered_set<std::string> names;
  for (StructInfo& info : program_.structs) {
    // Two blocks may each have a struct of this name; in the module every name means one type.
    std::string name(info.name);
    for (uint32_t n = 2; !names.insert(name).second; ++n) name = fmt::format("{}.{}", info.name, n);
    info.id = builder_.add_struct(name);
  }
  for (StructInfo& info : program_.structs) {
    std::vector<Field> fields;
    for (const StructField& field : info.fields) fields.push_back(Field{std::string(field.name), lower(field.type)});
    builder_.module().types[info.id.index].fields = std::move(fields);
  }
}

void ModuleEmitter::declare_globals() {
  for (Symbol& symbol : program_.symbols) {
    if (symbol.shared) symbol.global = builder_.add_global(std::string(symbol.name), lower(symbol.type));
  }
}

void ModuleEmitter::declare_functions() {
  std::unordered_set<std::string> names{"main"};
  builder_.module().main = builder_.declare_function("main", {}, kTypeVoid);
  for (FunctionInfo& info : program_.functions) {
    std::vector<TypeId> params;
    for (const Symbol* param : info.params) params.push_back(lower(param->type));
    std::string name = info.full_name;
    for (uint32_t n = 2; !names.insert(name).second; ++n) name = fmt::format("{}.{}", info.full_name, n);
    info.id = builder_.declare_function(name, params, lower(info.result));
  }
}

std::optional<Module> ModuleEmitter::emit() {
  if (program_.functions.size() + 1 > kMaxFunctions) {
    reporter_.error(ErrorClass::kLimit, Pos{.line = 1, .column = 1}, fmt::format("A module has at most {} functions", kMaxFunctions - 1));
    return std::nullopt;
  }
  declare_structs();
  declare_globals();
  declare_functions();
  bool ok = FunctionEmitter(*this, builder_.module().main, nullptr).emit(program_.tree.body);
  for (FunctionInfo& info : program_.functions) {
    ok &= FunctionEmitter(*this, info.id, &info).emit(info.decl->body);
  }
  if (!ok || reporter_.has_errors()) return std::nullopt;
  return builder_.take();
}

FunctionEmitter::FunctionEmitter(ModuleEmitter& module, FunctionId id, FunctionInfo* info)
    : module_(module), info_(info), code_(module.builder(), id) {}

bool FunctionEmitter::emit(Block body) {
  if (info_ != nullptr) {
    for (size_t i = 0; i < info_->params.size(); ++i) info_->params[i]->reg = code_.param(static_cast<uint32_t>(i));
  }
  {
    ScopeGuard guard(*this, false);
    emit_block(body, info_ != nullptr && info_->tail_is_result);
  }
  if (reachable()) {
    if (info_ == nullptr || lower(info_->result) == kTypeVoid) {
      op(Pos{}, Op::ret_void);
    } else {  // only paths that the checker knows to be dead
      fail(info_->decl->pos, ErrorKind::kType, "Function ended without a value");
    }
  }
  if (code_.overflowed() || code_.size() >= kMaxCode / 4) {
    Pos pos = info_ != nullptr ? info_->decl->pos : Pos{.line = 1, .column = 1};
    module_.reporter().error(ErrorClass::kLimit, pos, "This function is too large", "split it up");
    return false;
  }
  code_.finish();
  return true;
}

void FunctionEmitter::op(Pos pos, Op o, uint16_t a, uint16_t b, uint16_t c) {
  if (!reachable()) return;
  at(pos);
  code_.emit(o, a, b, c);
}

void FunctionEmitter::jump(Label l) {
  if (!reachable()) return;
  label_used_[l.index] = true;
  code_.jump(l);
}

void FunctionEmitter::jump_on(Pos pos, Reg condition, Label l, bool sense) {
  if (!reachable()) return;
  at(pos);
  label_used_[l.index] = true;
  if (sense) {
    code_.jump_if(condition, l);
  } else {
    code_.jump_unless(condition, l);
  }
}

void FunctionEmitter::jump_op(Pos pos, Op o, uint16_t a, uint16_t b, Label l) {
  if (!reachable()) return;
  at(pos);
  label_used_[l.index] = true;
  code_.jump_op(o, a, b, l);
}

void FunctionEmitter::rt(Pos pos, Reg d, Builtin b, std::span<const Reg> arguments) {
  if (!reachable()) return;
  at(pos);
  code_.rt(d, b, arguments);
}

void FunctionEmitter::fail(Pos pos, ErrorKind kind, std::string_view message) {
  if (!reachable()) return;
  at(pos);
  code_.fail(kind, message);
}

void FunctionEmitter::load(Pos pos, Reg d, TypeId type, uint64_t bits, std::string_view text) {
  if (!reachable()) return;
  at(pos);
  ModuleBuilder& builder = module_.builder();
  code_.load_k(d, type == kTypeString ? builder.string_constant(text) : builder.constant(type, bits));
}

Label FunctionEmitter::label() {
  Label l = code_.label();
  label_used_.resize(l.index + 1);
  return l;
}

void FunctionEmitter::bind(Label l) {
  if (reachable() || label_used_[l.index]) code_.bind(l);
}

Operand FunctionEmitter::result(Want want, Reg reg, TypeId type) {
  return Operand{want.reg == reg ? Operand::Kind::kLocal : Operand::Kind::kTemporary, reg, type, false, 0, {}};
}

/// The operand's register; a constant gets a temporary.
Reg FunctionEmitter::use(Pos pos, Operand& operand) {
  if (operand.kind == Operand::Kind::kConstant) {
    operand.kind = Operand::Kind::kTemporary;
    operand.reg = code_.reg(operand.type);
    load(pos, operand.reg, operand.type, operand.bits, operand.text);
  }
  return operand.reg;
}

void FunctionEmitter::release(const Operand& operand) {
  if (operand.kind == Operand::Kind::kTemporary) code_.release(operand.reg);
}

void FunctionEmitter::move_to(Pos pos, Operand operand, Reg d) {
  if (operand.kind == Operand::Kind::kConstant) {
    load(pos, d, operand.type, operand.bits, operand.text);
  } else if (operand.reg != d && operand.kind != Operand::Kind::kNone) {
    op(pos, Op::mov, d, operand.reg);
  }
  release(operand);
}

Reg FunctionEmitter::local(Symbol* symbol) {
  if (symbol->reg != kNoReg) return symbol->reg;
  symbol->reg = code_.reg(lower(symbol->type));
  add_to_scope(symbol, symbol->reg);
  return symbol->reg;
}

/// The register lives as long as the variable.
void FunctionEmitter::add_to_scope(const Symbol* symbol, Reg reg) {
  size_t scope = scopes_.size() - 1;
  while (symbol->hoisted && scopes_[scope].soft) --scope;
  scopes_[scope].registers.push_back(reg);
}

/// Before a branch or loop that may or may not assign variables which are read afterwards: their flags are cleared and
/// their registers get a dummy, because registers must not be read unassigned.
void FunctionEmitter::prepare_unsure(const Stmt* s) {
  for (Symbol* symbol = s->unsure; symbol != nullptr; symbol = symbol->next_unsure) {
    Reg reg = local(symbol);
    TypeId type = lower(symbol->type);
    if (kind(type) == TypeKind::kArray) {
      op(s->pos, Op::new_array, reg, 0);
    } else {
      load(s->pos, reg, type, 0);
    }
    if (symbol->flag == kNoReg) {
      symbol->flag = code_.reg(kTypeBool);
      add_to_scope(symbol, symbol->flag);
    }
    load(s->pos, symbol->flag, kTypeBool, 0);
  }
}

void FunctionEmitter::note_assigned(Pos pos, const Symbol* symbol) {
  if (symbol->unsure) load(pos, symbol->flag, kTypeBool, 1);
}

}  // namespace orus::lang
