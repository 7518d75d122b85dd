import time
from tests.support.cast import *
def test_a(portal):
    for i in range(1):
        t=time.perf_counter(); c=call_cast(portal); print("cast", time.perf_counter()-t)
    for r in c.rows[:12]: print(r.id, r.public_id, r.state, r.order_number)
def test_b(portal):
    t=time.perf_counter(); c=call_cast(portal); print("cast", time.perf_counter()-t)
def test_c(portal):
    import cProfile,pstats
    p=cProfile.Profile(); p.enable(); call_cast(portal); p.disable()
    pstats.Stats(p).sort_stats("cumtime").print_stats(45)
