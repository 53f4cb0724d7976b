// A small module for tests of the IR: something of every kind that IR text can name.
#pragma once

#include "vm/bytecode/builder.h"

namespace orus::jit {

/// Positions in TestModule's code that frame states of tests refer to.
struct TestModule {
  Module module;
  uint32_t call_pc = 0;     // f: r2 := g(r0)
  uint32_t text_pc = 0;     // f: r3 := str_from_i32(r2)
  uint32_t push_pc = 0;     // f: append r2 to r4
  uint32_t print_pc = 0;    // f: print(r3, r2)

  // Functions: 0 f(i32, i32) -> i32, 1 g(i32) -> i32, 2 h() , 3 p(f64, bool, string) -> string.
  // Registers of f: r0 r1 r2 i32, r3 string, r4 [i32], r5 i64, r6 f64, r7 bool, r8 point.
  // Types: 10 [i32], 11 struct point {x: i32, text: string}. Globals: 0 i32, 1 string, 2 f64. Constants: 0 "text", 1 7.
  static TestModule make() {
    TestModule result;
    ModuleBuilder builder("test");
    TypeId array = builder.array_of(kTypeI32);
    TypeId point = builder.add_struct("point");
    builder.module().types[point.index].fields = {{"x", kTypeI32}, {"text", kTypeString}};
    builder.add_global("count", kTypeI32);
    builder.add_global("name", kTypeString);
    builder.add_global("ratio", kTypeF64);
    builder.string_constant("text");
    ConstantId seven = builder.constant(kTypeI32, 7);
    TypeId two[] = {kTypeI32, kTypeI32}, one[] = {kTypeI32}, three[] = {kTypeF64, kTypeBool, kTypeString};
    FunctionId f = builder.declare_function("f", two, kTypeI32);
    FunctionId g = builder.declare_function("g", one, kTypeI32);
    FunctionId h = builder.declare_function("h", {}, kTypeVoid);
    FunctionId p = builder.declare_function("p", three, kTypeString);
    {
      FunctionBuilder b(builder, f);
      Reg r2 = b.reg(kTypeI32), r3 = b.reg(kTypeString), r4 = b.reg(array);
      b.reg(kTypeI64), b.reg(kTypeF64), b.reg(kTypeBool), b.reg(point);
      b.emit(Op::new_array, r4, 4);
      Reg args[] = {0};
      result.call_pc = b.size();
      b.call(r2, g, args);
      Reg number[] = {r2};
      result.text_pc = b.size();
      b.rt(r3, Builtin::str_from_i32, number);
      result.push_pc = b.size();
      b.emit(Op::array_push_4, r4, r2);
      result.print_pc = b.size();
      Reg both[] = {r3, r2};
      b.rt(kNoReg, Builtin::print, both);
      b.emit(Op::add_i32, r2, r2, 1);
      b.emit(Op::ret, r2);
      b.finish();
    }
    {
      FunctionBuilder b(builder, g);
      Reg r1 = b.reg(kTypeI32);
      b.load_k(r1, seven);
      b.emit(Op::add_i32, r1, 0, r1);
      b.emit(Op::ret, r1);
      b.finish();
    }
    {
      FunctionBuilder b(builder, h);
      b.emit(Op::ret_void);
      b.finish();
    }
    {
      FunctionBuilder b(builder, p);
      b.emit(Op::ret, 2);
      b.finish();
    }
    builder.module().main = h;
    result.module = builder.take();
    return result;
  }
};

}  // namespace orus::jit
