// Data instructions: one random row of the table, with operands of the right kinds and, unless this one is to be risky,
// values for which it does not raise.
#include <algorithm>

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {

struct FunctionGen::Operands {
  Op opcode;
  const OpInfo& row;
  Shape shape;
  bool risky;
  TypeId any, array, object, field;  // what T, the array letters, S and M stand for
  uint32_t field_index = 0;
  GlobalPlan* global = nullptr;
  TypeKind kind = TypeKind::kVoid;   // of arithmetic: what it computes in
  uint16_t fields[3] = {};
  Facts facts[3] = {};               // of the operands read
};

namespace {

TypeKind kind_of_letter(char letter) {
  switch (letter) {
    case 'i': return TypeKind::kI32;
    case 'I': return TypeKind::kI64;
    case 'u': return TypeKind::kU32;
    case 'U': return TypeKind::kU64;
    case 'f': return TypeKind::kF64;
    default: return TypeKind::kVoid;
  }
}

/// Which letter of the row's kinds belongs to an operand field; fields such as immediates have none.
size_t kind_index(std::string_view format, size_t field) {
  return static_cast<size_t>(std::count_if(format.begin(), format.begin() + static_cast<std::ptrdiff_t>(field),
                                           [](char c) { return c == 'r' || c == 'd' || c == 'h'; }));
}

bool is_signed(TypeKind kind) { return kind == TypeKind::kI32 || kind == TypeKind::kI64; }

}  // namespace

bool FunctionGen::random_data_op() {
  uint32_t total = 0;
  for (uint32_t w : m_.menu_weights) total += w;
  uint32_t at = s_.below(total);
  size_t family = 0;
  while (at >= m_.menu_weights[family]) at -= m_.menu_weights[family++];
  return data_op(s_.pick(m_.menu[family]));
}

TypeId FunctionGen::array_type_for(char letter) {
  auto fits = [&](TypeId t) {
    TypeKind element = m_.kind(m_.type(t).element);
    bool reference = is_reference(element);
    uint32_t bytes = element_bytes(element);
    return letter == 'A' || (letter == 'P' && reference) || (letter == 'p' && bytes == 1) || (letter == 'q' && bytes == 4) ||
           (letter == 'o' && bytes == 8 && !reference);
  };
  // An array that exists, if one fits: stores and loads should meet.
  if (!s_.chance(4)) {
    for (size_t r = registers_.size(); r-- > 0;) {
      if (assigned_[r] && kind(static_cast<Reg>(r)) == TypeKind::kArray && fits(registers_[r].type) && !s_.chance(3))
        return registers_[r].type;
    }
  }
  uint32_t start = s_.below(static_cast<uint32_t>(m_.arrays.size()));
  for (size_t i = 0;; ++i) {
    TypeId t = m_.arrays[(start + i) % m_.arrays.size()];
    if (fits(t)) return t;
  }
}

/// Decides what the letters that name no fixed kind stand for. False: nothing fits.
bool FunctionGen::choose_base(Operands* o) {
  const OpInfo& row = o->row;
  o->any = m_.any_type();
  size_t array = row.kinds.find_first_of("ApqoP");
  if (array != std::string_view::npos) o->array = array_type_for(row.kinds[array]);
  if (row.kinds.find('S') != std::string_view::npos) {
    o->object = s_.pick(m_.structs);
    const auto& fields = m_.type(o->object).fields;
    uint32_t start = s_.below(static_cast<uint32_t>(fields.size()));
    for (size_t i = 0;; ++i) {
      if (i == fields.size()) return false;
      o->field_index = static_cast<uint32_t>((start + i) % fields.size());
      o->field = fields[o->field_index].type;
      bool reference = is_reference(m_.kind(o->field));
      if (!row.name.starts_with("set_field") || reference == (row.name == "set_field_ref")) break;
    }
  }
  if (row.format.find('G') != std::string_view::npos) {
    if (m_.globals.empty()) return false;
    o->global = &m_.globals[s_.below(static_cast<uint32_t>(m_.globals.size()))];
  }
  if (!row.kinds.empty()) o->kind = kind_of_letter(row.kinds[o->shape == Shape::kCompare && row.kinds.size() > 1 ? 1 : 0]);
  return true;
}

TypeId FunctionGen::operand_type(const Operands& o, char letter) {
  switch (letter) {
    case 'T': return o.any;
    case 'L': return s_.flip() ? kTypeU64 : kTypeI64;
    case 'Q': return kTypeString;
    case 'E': return m_.type(o.array).element;
    case 'S': return o.object;
    case 'M': return o.field;
    case 'A':
    case 'p':
    case 'q':
    case 'o':
    case 'P': return o.array;
    default: return scalar_of_letter(letter);
  }
}

/// Facts that operand `n` (1: the first one read) needs so that the instruction does not raise.
Facts FunctionGen::arithmetic_need(const Operands& o, size_t n) {
  uint8_t width = magnitude_bits(o.kind);
  bool checked = is_signed(o.kind);
  switch (o.shape) {
    case Shape::kAdd:
    case Shape::kSub: return checked ? Facts{.bits = static_cast<uint8_t>(width - 1)} : kNoFacts;
    case Shape::kMul: {
      if (!checked) return kNoFacts;
      uint8_t first = n == 1 ? static_cast<uint8_t>(width / 2) : std::max<uint8_t>(o.facts[1].bits, 1);
      return {.bits = n == 1 ? first : static_cast<uint8_t>(width - std::min(first, width))};
    }
    case Shape::kDiv:
    case Shape::kRem: return n == 1 ? (checked ? Facts{.bits = width} : kNoFacts) : Facts{.nonzero = true};
    case Shape::kNeg: return checked ? Facts{.bits = width} : kNoFacts;
    case Shape::kShl:
    case Shape::kShr:
      if (n == 1) return kNoFacts;
      return {.bits = static_cast<uint8_t>(o.kind == TypeKind::kI64 || o.kind == TypeKind::kU64 ? 6 : 5), .nonneg = true};
    default: return kNoFacts;
  }
}

Facts FunctionGen::conversion_need(const Operands& o) {
  static constexpr struct {
    Op op;
    Facts need;
  } kNeeds[] = {
      {Op::conv_i32_u64, {.nonneg = true}},
      {Op::conv_i64_u32, {.bits = 32, .nonneg = true}},
      {Op::conv_i64_u64, {.nonneg = true}},
      {Op::conv_u64_i32, {.bits = 31}},
      {Op::conv_u64_i64, {.bits = 63}},
      {Op::conv_u64_u32, {.bits = 32}},
      {Op::conv_f64_u32, {.bits = 32, .nonneg = true}},
      {Op::conv_f64_u64, {.bits = 50, .nonneg = true}},
  };
  for (const auto& row : kNeeds) {
    if (row.op == o.opcode) return row.need;
  }
  return kNoFacts;
}

Facts FunctionGen::need_of(const Operands& o, size_t n, char letter) {
  if (letter == 'E' && (o.shape == Shape::kArraySet || o.shape == Shape::kArrayPush)) return {.bits = o.facts[0].elem};
  if (o.shape == Shape::kArrayFill)
    return letter == 'i' ? Facts{.bits = s_.chance(12) && o.risky ? Facts::kAny : uint8_t{5}, .nonneg = true} : kNoFacts;
  if (o.risky) return kNoFacts;
  switch (o.shape) {
    case Shape::kArrayGet:
    case Shape::kArraySet: {
      size_t array = o.shape == Shape::kArrayGet ? 1 : 0;
      if (n == array) return {.min_len = 1};
      uint16_t length = o.facts[array].min_len;
      return {.bits = static_cast<uint8_t>(std::bit_width(length) - 1), .nonneg = true};
    }
    case Shape::kStringIndex: return n == 2 ? Facts{.bits = 0, .nonneg = true} : kNoFacts;
    case Shape::kConvert: return conversion_need(o);
    default: return arithmetic_need(o, n);
  }
}

/// The other operand of `first` a relation away: the same, one more, one less. kNoReg: make an independent one.
Reg FunctionGen::related(Reg first, const Facts& need) {
  if (!s_.chance(5)) return kNoReg;
  if (serves(facts(first), need) && s_.flip()) return first;
  static constexpr Op kAddk[] = {Op::addk_i32, Op::addk_i64, Op::addk_u32, Op::addk_u64};
  TypeId type = registers_[first].type;
  TypeKind k = m_.kind(type);
  if (!is_numeric(k) || k == TypeKind::kF64) return kNoReg;
  uint8_t bits = facts(first).bits;
  if (is_signed(k) && bits >= magnitude_bits(k)) return kNoReg;
  Facts out{.bits = static_cast<uint8_t>(is_signed(k) ? bits + 1 : Facts::kAny)};
  if (!serves(out, need)) return kNoReg;
  Reg d = fresh(type, out);
  op(kAddk[type.index - kTypeI32.index], d, first, static_cast<uint16_t>(s_.flip() ? -1 : 1));
  wrote(d);
  return d;
}

/// Fills one field of the instruction. False: no operand of that kind can be had.
bool FunctionGen::operand(Operands* o, size_t field, char letter) {
  switch (letter) {
    case 'r': {
      char kind_letter = o->row.kinds[kind_index(o->row.format, field)];
      TypeId type = operand_type(*o, kind_letter);
      Facts need = need_of(*o, field, kind_letter);
      Reg r = kNoReg;
      if (field > 0 && o->row.format[field - 1] == 'r' && registers_[o->fields[field - 1]].type == type)
        r = related(o->fields[field - 1], need);
      if (r == kNoReg) r = value(type, need);
      if (r == kNoReg) return false;
      o->fields[field] = r;
      o->facts[field] = facts(r);
      return true;
    }
    case 'i': {
      Facts need = o->risky ? kNoFacts : arithmetic_need(*o, 2);
      int16_t immediate = m_.values.immediate(need);
      o->fields[field] = static_cast<uint16_t>(immediate);
      o->facts[field] = facts_of(immediate);
      return true;
    }
    case 'h': {
      Facts need = o->risky ? kNoFacts : arithmetic_need(*o, 2);
      ConstantId k = m_.builder.constant(kTypeF64, m_.values.constant(TypeKind::kF64, need));
      o->fields[field] = static_cast<uint16_t>(k.index);
      return true;
    }
    case 'n': o->fields[field] = static_cast<uint16_t>(s_.below(10)); return true;
    case 'f': o->fields[field] = static_cast<uint16_t>(o->field_index); return true;
    default: return true;
  }
}

Facts FunctionGen::arithmetic_result(const Operands& o) {
  const Facts &a = o.facts[1], &b = o.facts[2];
  uint8_t width = magnitude_bits(o.kind);
  auto within = [&](uint32_t bits) { return bits <= width ? static_cast<uint8_t>(bits) : Facts::kAny; };
  uint32_t larger = std::max(a.bits, b.bits);
  bool positive = (a.nonneg && b.nonneg) || !is_signed(o.kind);
  switch (o.shape) {
    case Shape::kAdd: return {.bits = within(larger + 1), .nonneg = positive};
    case Shape::kSub: return {.bits = is_signed(o.kind) ? within(larger + 1) : Facts::kAny};
    case Shape::kMul: return {.bits = within(uint32_t{a.bits} + b.bits), .nonneg = positive};
    case Shape::kDiv: return {.bits = a.bits, .nonneg = positive};
    case Shape::kRem: return {.bits = std::min(a.bits, b.bits), .nonneg = a.nonneg};
    case Shape::kNeg: return {.bits = a.bits};
    case Shape::kAnd:
      return {.bits = a.nonneg   ? (b.nonneg ? std::min(a.bits, b.bits) : a.bits)
                      : b.nonneg ? b.bits
                                 : Facts::kAny,
              .nonneg = a.nonneg || b.nonneg};
    case Shape::kOr:
    case Shape::kXor: return positive ? Facts{.bits = within(larger), .nonneg = true} : kNoFacts;
    case Shape::kShr: return {.bits = a.bits, .nonneg = a.nonneg};
    default: return kNoFacts;
  }
}

/// What is known of the result when the instruction did not raise.
Facts FunctionGen::result_of(const Operands& o) {
  if (o.kind == TypeKind::kF64 && o.shape < Shape::kCompare && o.shape >= Shape::kAdd) return kNoFacts;
  switch (o.shape) {
    case Shape::kMove: return o.facts[1];
    case Shape::kThreeWay: return {.bits = 2};
    case Shape::kArrayLen: return {.bits = 12, .nonneg = true};
    case Shape::kArrayGet:
    case Shape::kArrayPop: return {.bits = o.facts[1].elem};
    case Shape::kArrayFill: return {.elem = o.facts[1].bits};
    case Shape::kConvert: {
      bool narrow = o.opcode == Op::conv_i32_i64 || o.opcode == Op::conv_u32_i64 || o.opcode == Op::conv_u32_u64 ||
                    o.opcode == Op::conv_i32_f64 || o.opcode == Op::conv_u32_f64;
      if (narrow) return {.bits = o.facts[1].bits, .nonneg = o.facts[1].nonneg};
      return o.row.kinds[1] == 'b' ? Facts{.bits = 1, .nonneg = true} : kNoFacts;
    }
    case Shape::kClampIndex: return {.bits = 31};
    default: return o.shape >= Shape::kAdd && o.shape <= Shape::kShr ? arithmetic_result(o) : kNoFacts;
  }
}

bool FunctionGen::data_op(Op opcode) {
  const OpInfo& row = info(opcode);
  Operands o{.opcode = opcode,
             .row = row,
             .shape = shape_of(opcode),
             .risky = s_.chance(tries_ > 0 ? 10 : 40),
             .any = {},
             .array = {},
             .object = {},
             .field = {}};
  if (!choose_base(&o)) return false;
  switch (o.shape) {
    case Shape::kLoadConstant: return constant(m_.types[s_.below(7)], kNoFacts) != kNoReg;
    case Shape::kNewStruct: return make_struct(s_.pick(m_.structs), 2) != kNoReg;
    case Shape::kNewArray: return make_array(s_.pick(m_.arrays), kNoFacts, 0) != kNoReg;
    case Shape::kLoadGlobal: load_global(*o.global); return true;
    case Shape::kStoreGlobal: store_global(*o.global); return true;
    case Shape::kCheckGlobal:
      step();
      b_.check_global(o.global->id);
      return true;
    default: break;
  }
  if (o.shape == Shape::kArrayGet || o.shape == Shape::kArraySet) {
    // Half of the accesses go by a loop's counter.
    if (auto pair = indexing(o.array); pair && s_.flip()) {
      bool get = o.shape == Shape::kArrayGet;
      Facts elem{.bits = facts(pair->array).elem};
      TypeId element = m_.type(o.array).element;
      Reg other = get ? destination(element, elem) : value(element, elem);
      get ? op(opcode, other, pair->array, pair->counter) : op(opcode, pair->array, pair->counter, other);
      if (get) wrote(other);
      return true;
    }
  }
  if (o.shape == Shape::kArrayPop && !o.risky) {
    Reg array = value(o.array, kNoFacts);
    if (facts(array).min_len != 0) return false;
  }
  if (o.shape == Shape::kStringConcat && mult_ > 64) return false;
  for (size_t i = 0; i < row.format.size(); ++i) {
    if (!operand(&o, i, row.format[i])) return false;
  }
  if (o.shape == Shape::kArrayPop && facts(o.fields[1]).min_len != 0 && !o.risky) return false;
  bool writes = row.format[0] == 'd';
  Facts result = result_of(o);
  if (writes) {
    TypeId type = operand_type(o, row.kinds[0]);
    // Text grows by something short only, or loops would double it.
    if (o.shape == Shape::kStringConcat) o.fields[2] = constant(kTypeString, kNoFacts);
    o.fields[0] = destination(type, result);
  }
  op(opcode, o.fields[0], o.fields[1], o.fields[2]);
  if (writes) wrote(o.fields[0]);
  if ((row.effects & ~uint32_t{kMayRaise}) == kPure && writes && recent_.size() < 32)
    recent_.push_back({opcode, {o.fields[0], o.fields[1], o.fields[2]}});
  return true;
}

std::optional<FunctionGen::Indexing> FunctionGen::indexing(TypeId type) {
  for (size_t i = indexings_.size(); i-- > 0;) {
    if (registers_[indexings_[i].array].type == type && assigned_[indexings_[i].array] && assigned_[indexings_[i].counter])
      return indexings_[i];
  }
  return std::nullopt;
}

void FunctionGen::load_global(GlobalPlan& global) {
  Reg d = destination(global.promise.type, global.promise.facts);
  step();
  b_.load_global(d, global.id);
  wrote(d);
}

void FunctionGen::store_global(GlobalPlan& global) {
  const Promise& p = global.promise;
  Reg r = known(p.type, p.facts);
  if (r == kNoReg || !storable(facts(r), p.facts) || s_.chance(4)) r = make(p.type, p.facts, 2);
  if (r == kNoReg || !storable(facts(r), p.facts)) return;
  step();
  b_.store_global(r, global.id);
}

}  // namespace orus::fuzz
