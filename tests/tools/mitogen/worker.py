# Calls functions of another process: worker.py
import mitogen


def fib(n):
    this, following = 0, 1
    for _ in range(n):
        this, following = following, this + following
    return this


def square(number):
    return number * number


@mitogen.main()
def main(router):
    context = router.local()
    print("fib(90) =", context.call(fib, 90))
    for number in 1.5, 2, -3:
        print(number, "squared is", context.call(square, number))
